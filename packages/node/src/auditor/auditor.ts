/**
 * An auditor at work: it draws what is due from each epoch's seed, has it opened, runs it again, and states what came of
 * it. Where its own result is another than the recorded one, it brings a dispute, in which it may turn out to be the one
 * who is wrong. Every step is kept in the queue before the next, so one that was killed goes on where it was.
 */
import { AnswerableError, errorCode, type JsonObject } from '@answerable/core'
import {
  type DisclosedRecord,
  highestRate,
  notEntitled,
  partsOf,
  type RecordParts,
  type Rerun,
  SAMPLE_EPOCHS,
  staysDrawn,
} from '@answerable/core/audit'
import { findingId } from '@answerable/core/registry'
import { INFERENCE_TYPE } from '@answerable/core/statement'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'
import { type AuditFound, type AuditItem, type AuditQueue, MOST_DUE } from './audit-queue.ts'
import type { DisclosureClient } from './disclosure-client.ts'
import { challengeFrom, type Disclosure } from './disclosure-outcome.ts'
import { dueOf } from './due.ts'
import type { KeptOpenings } from './kept-openings.ts'
import type { KeptRecords } from './kept-records.ts'

export interface AuditorOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  queue: AuditQueue
  records: KeptRecords
  openings: Pick<KeptOpenings, 'keep'>
  disclosure: Pick<DisclosureClient, 'ask'>
  /** Runs a record again; what stops it is an outcome. */
  rerun(record: RecordParts, signal: AbortSignal): Promise<Rerun>
  /** What this auditor opens a dispute about a record with: its commitment to a trace, of a graph. */
  opening(record: DisclosedRecord, found: AuditFound): Promise<JsonObject>
  /** How often a record is asked for before its operator is challenged. */
  tries?: number
  clock?: () => number
  report: (event: string, error?: unknown) => void
}

/** Records that are opened and run side by side: while one is asked for, another runs. */
const AT_ONCE = 2
/** Findings in one statement. */
const MOST_STATED = 32
/** Tries to have a record opened before it is challenged. */
const MOST_TRIES = 5
const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 300_000
/** A statement that the registry does not show after so long was lost on its way, and is made again. */
const LOST_MS = 60_000
const MOST_SAID = 4096
/** What is over is kept for people to look at. */
const EPOCHS_KEPT = 168

export class Auditor {
  readonly #options: AuditorOptions
  readonly #stop = new AbortController()
  #working: Promise<void> | undefined
  #full = false
  /** What the host took and the registry here does not show yet, and when it was said. */
  readonly #said = new Map<string, number>()

  constructor(options: AuditorOptions) {
    this.#options = options
  }

  /** Whether this member audits, as the registry has it. */
  get onDuty(): boolean {
    const { book, keyring } = this.#options
    const member = book.state.members.get(keyring.member)
    return member?.status === 'active' && member.roles.includes('auditor')
  }

  get queue(): AuditQueue {
    return this.#options.queue
  }

  /**
   * Draws what is due, states what was found, and goes on running records, which this does not wait for. Rejects with what
   * could not be brought to the host.
   */
  async perform(): Promise<void> {
    if (!this.onDuty || this.#stop.signal.aborted) return
    this.#draw()
    this.#working ??= this.#work()
      .catch(error => this.#options.report('an audit failed', error))
      .finally(() => {
        this.#working = undefined
      })
    await this.#state()
    await this.#dispute()
  }

  /** Resolves when what runs has stopped. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#working
    this.#options.queue.close()
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)()
  }

  /** From every epoch that has a seed since, as long as there is room. */
  #draw(): void {
    const { book, queue, report } = this.#options
    const { audit } = book.state.terms
    if (audit === undefined) return
    queue.expire(book.state.epoch - SAMPLE_EPOCHS)
    const last = queue.drawnUpTo
    // Whoever becomes an auditor begins with what is new: older samples have closed.
    const from = last < 0 ? Math.max(0, book.state.epoch - 3) : last + 1
    for (let epoch = from; epoch < book.state.epoch; epoch++) {
      const record = book.state.epochs.get(String(epoch))
      if (record === undefined) continue
      const { due, cut } = dueOf(record, highestRate(audit.samples), {
        logs: book.state.logs,
        waiting: queue.waiting(),
        except: this.#options.keyring.member,
        room: MOST_DUE,
      })
      if (due.length > queue.room) {
        if (!this.#full) report(`${due.length} records of epoch ${epoch} are due, and too many wait already`)
        this.#full = true
        return
      }
      this.#full = false
      for (const { log, of, looked } of cut)
        report(
          `of ${of} records of ${log} in epoch ${epoch}, ${looked} are drawn from: there is no room for more`,
        )
      queue.draw(epoch, due)
    }
    queue.forget(book.state.epoch - EPOCHS_KEPT)
  }

  async #work(): Promise<void> {
    const { queue } = this.#options
    for (;;) {
      const items = queue.ready('due', this.#now(), AT_ONCE)
      if (items.length === 0 || this.#stop.signal.aborted) return
      await Promise.all(items.map(item => this.#audit(item)))
    }
  }

  async #audit(item: AuditItem): Promise<void> {
    const { book, keyring, disclosure } = this.#options
    const { log, index, epoch } = item
    const ground = { reason: 'sample', epoch } as const
    // What nobody would open any more is nobody's silence.
    const why = notEntitled({ by: keyring.member, log, index, ground }, book.state, nodeSuite)
    if (why !== undefined) return this.#over(item, `not to be had any more: ${why}`)
    try {
      const asked = await disclosure.ask({ log, index, ground }, this.#stop.signal)
      if (this.#stop.signal.aborted) return
      if (asked.outcome === 'opened') await this.#opened(item, asked)
      else await this.#notOpened(item, asked)
    } catch (error) {
      // Whatever it is, it must not keep the others waiting.
      if (!(error instanceof AnswerableError)) this.#options.report('an audit failed', error)
      this.#again(item, (error as Error).message)
    }
  }

  async #opened(item: AuditItem, asked: Extract<Disclosure, { outcome: 'opened' }>): Promise<void> {
    const { book, queue, records, rerun } = this.#options
    const { opened, evidence } = asked
    const { log, index, epoch } = item
    if (opened.type !== INFERENCE_TYPE) return this.#over(item, 'not an answer')
    const parts = opened.record.parts
    const last = parts.at(-1)!
    const ended = opened.statements.at(-1)!.event !== 'begin'
    // A stream that was open when it was drawn: its end is looked at once there is one, and it is anchored.
    const anchored = book.state.logs.get(log)!.anchor?.size ?? 0
    if (!ended || last.index >= anchored) return this.#later(item, 'a stream that has not ended')
    const { seed, predictable } = book.state.epochs.get(String(epoch))!
    const use = opened.values.parties?.declaredUse
    const { samples } = book.state.terms.audit!
    if (!staysDrawn(seed, log, index, typeof use === 'string' ? use : undefined, samples, nodeSuite))
      return this.#over(item, 'not due for its declared use')
    const entry = nodeSuite.sha256Hex(last.statement)
    if (book.state.findings.has(findingId(log, last.index, this.#options.keyring.member)))
      return this.#over(item, 'found before')
    const came = await rerun(partsOf(opened.record), this.#stop.signal)
    if (this.#stop.signal.aborted) return
    if (came.outcome === 'inconsistent') await records.keep(entry, opened.record)
    const report = JSON.stringify(came)
    const found: AuditFound = {
      index: last.index,
      entry,
      outcome: came.outcome,
      model: came.outcome === 'not-rerun' ? null : (came.model ?? null),
      report,
      digest: nodeSuite.sha256Hex(Buffer.from(report)),
      proof: last.index === index ? (evidence.proof ?? '') : '',
      token: came.closeness?.of === 'tokens' ? (came.closeness.first?.at ?? null) : null,
      predictable,
    }
    queue.put({ ...item, stage: 'found', found, next: 0, detail: came.words[0] ?? '' })
  }

  /** Tried again for a while; then the operator is challenged to show the record to those whom the beacon draws. */
  async #notOpened(item: AuditItem, asked: Exclude<Disclosure, { outcome: 'opened' }>): Promise<void> {
    const { submitter, keyring, openings, report, tries = MOST_TRIES } = this.#options
    const why = asked.outcome === 'refused' ? `${asked.code}: ${asked.message}` : asked.detail
    // Erased by the log's own word: that is on record, and no answer is left to run.
    if (asked.outcome === 'refused' && asked.code === 'erased' && asked.erasure !== undefined)
      return this.#over(item, 'erased, as its log says')
    // What it signed for is no hitch, and will not be another on the fifth time.
    const signed = asked.outcome === 'wrong-opening'
    if (signed) {
      const path = await openings.keep(asked)
      if (path !== undefined)
        report(`record ${item.index} of ${item.log} was opened as something else: ${path}`)
    }
    if (!signed && item.tries + 1 < tries) return this.#again(item, why)
    const body = challengeFrom(asked.evidence)
    const { state } = this.#options.book
    const open = [...state.openOf('challenge')].map(digest => state.challenges.get(digest)!)
    // A log that shows nothing is challenged once, and not for each of its records.
    if ('index' in body) {
      if (open.some(({ log, type }) => log === item.log && type === 'availability'))
        return this.#later(item, why)
      if (state.members.get(asked.evidence.operator)?.status !== 'active')
        return this.#over(item, `its operator is gone: ${why}`)
    }
    await submitter.state('challenge', body, [keyring.statements('member')]).catch(error => {
      // Others have brought it already, or it is brought again later.
      if (errorCode(error) !== 'rule-forbids') throw error
    })
    report(`record ${item.index} of ${item.log} was withheld and is challenged: ${why}`)
    this.#over(item, `challenged: ${why}`)
  }

  #again(item: AuditItem, detail: string): void {
    const pause = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(item.tries, 20))
    const next = this.#now() + pause
    this.#options.queue.put({ ...item, tries: item.tries + 1, next, detail: detail.slice(0, 300) })
  }

  /** Nothing is amiss, and nothing changes before the next anchor: each look is an entry of the operator's log. */
  #later(item: AuditItem, detail: string): void {
    const pause = Math.min(LAST_PAUSE_MS, this.#options.book.state.terms.epochSeconds * 1000)
    this.#options.queue.put({ ...item, next: this.#now() + pause, detail: detail.slice(0, 300) })
  }

  #over(item: AuditItem, detail: string): void {
    this.#options.queue.put({ ...item, stage: 'over', detail: detail.slice(0, 300) })
  }

  /** States what was found, many at a time. */
  async #state(): Promise<void> {
    const { book, queue, submitter, keyring } = this.#options
    const items = queue.ready('found', this.#now(), MOST_STATED)
    const known = (item: AuditItem) =>
      book.state.findings.has(findingId(item.log, item.found!.index, keyring.member))
    for (const item of items.filter(known))
      if (item.found!.outcome === 'inconsistent') queue.put({ ...item, stage: 'stated', next: 0 })
      else this.#over(item, item.detail)
    // Two that were drawn of one stream come to one record.
    const fresh = new Map<string, AuditItem>()
    for (const item of items) {
      if (known(item)) continue
      const name = `${item.log} ${item.found!.index}`
      if (fresh.has(name)) this.#over(item, 'the same answer')
      else if (!this.#isSaid(`finding ${name}`)) fresh.set(name, item)
    }
    if (fresh.size === 0) return
    const findings = [...fresh.values()].map(({ log, epoch, found }) => {
      const { index, entry, outcome, model, digest } = found!
      return { log, index, entry, outcome, report: digest, epoch, ...(model !== null && { model }) }
    })
    try {
      await submitter.state('finding', { findings }, [keyring.statements('member')])
    } catch (error) {
      if (errorCode(error) !== 'rule-forbids') throw error
      this.#options.report('findings were refused by the rules', error)
    }
    for (const name of fresh.keys()) this.#say(`finding ${name}`)
  }

  /** Brings disputes about what was found to be something else, once the finding stands in the registry. */
  async #dispute(): Promise<void> {
    const { book, queue, records, submitter, keyring, opening, report } = this.#options
    for (const item of queue.ready('stated', this.#now(), AT_ONCE)) {
      const found = item.found!
      const stated = book.state.findings.get(findingId(item.log, found.index, keyring.member))
      if (found.outcome !== 'inconsistent' || stated?.dispute != null) {
        this.#over(item, item.detail)
        continue
      }
      const name = `dispute ${item.log} ${found.index}`
      if (this.#isSaid(name)) continue
      const wait = { ...item, next: this.#now() + LOST_MS }
      try {
        const record = await records.get(found.entry)
        if (record === undefined) {
          this.#over(item, 'inconsistent, and its record is not here any more')
          continue
        }
        const proof = found.proof === '' ? await this.#prove(item) : found.proof
        if (proof === undefined) {
          queue.put(wait)
          continue
        }
        const body = { log: item.log, entry: found.entry, proof, ...(await opening(record, found)) }
        await submitter.state('dispute', body, [keyring.statements('member')])
        report(`record ${found.index} of ${item.log} is disputed: ${item.detail}`)
        this.#say(name)
      } catch (error) {
        if (!(error instanceof AnswerableError)) throw error
        // Nobody can dispute over such a graph: the finding stands, and says that nobody did.
        if (error.code === 'bad-model' || error.code === 'bad-request' || error.code === 'too-large') {
          await records.forget(found.entry)
          this.#over(item, `inconsistent, and no dispute can be about it: ${error.message}`)
          continue
        }
        report(`no dispute could be brought about record ${found.index} of ${item.log}`, error)
        queue.put({ ...wait, tries: item.tries + 1 })
      }
    }
  }

  #say(what: string): void {
    this.#said.set(what, this.#now())
    // A few minutes' worth: what is forgotten is said twice at worst, and the second is void.
    const [oldest] = this.#said.keys()
    if (this.#said.size > MOST_SAID && oldest !== undefined) this.#said.delete(oldest)
  }

  #isSaid(what: string): boolean {
    return this.#now() - (this.#said.get(what) ?? Number.NEGATIVE_INFINITY) < LOST_MS
  }

  /** The log's proof of an answer that is not the entry that was drawn. */
  async #prove({ log, found, epoch }: AuditItem): Promise<string | undefined> {
    const ground = { reason: 'sample', epoch } as const
    const { evidence } = await this.#options.disclosure.ask({ log, index: found!.index, ground })
    return evidence.proof
  }
}
