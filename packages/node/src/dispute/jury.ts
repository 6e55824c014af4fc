/**
 * A drawn validator over a dispute: it has the record opened, asks both sides for what they committed to, computes anew the
 * one tile in which they part, and votes for what comes out. Of a language model it runs the recorded answer itself. What
 * it cannot tell it does not vote on: a panel that cannot tell leaves the record contested.
 */
import { AnswerableError, errorCode } from '@answerable/core'
import { referee } from '@answerable/core/arithmetic'
import {
  type DisclosedRecord,
  type NotRerun,
  openDisclosedRecord,
  partsOf,
  type RecordParts,
  type Rerun,
} from '@answerable/core/audit'
import { type Evidence, type Side, type Verdict, verdict } from '@answerable/core/dispute'
import type { Dispute, DisputeVerdict } from '@answerable/core/registry'
import { INFERENCE_TYPE, parseStatement } from '@answerable/core/statement'
import { findCanonical, runOperator } from '../canonical/index.ts'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'
import type { EvidenceClient } from './evidence-client.ts'
import type { GraphCase } from './graph-case.ts'

export interface JuryOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  evidence: Pick<EvidenceClient, 'ask'>
  /** What its operator's log and the operator have to say for this dispute. */
  disclosed(dispute: Dispute, signal: AbortSignal): Promise<DisclosedForDispute>
  /** A record and its model's file; undefined where the file is not here. */
  caseOf(record: DisclosedRecord): Promise<GraphCase | undefined>
  rerun(record: RecordParts): Promise<Rerun>
  report: (event: string, error?: unknown) => void
}

export interface DisclosedForDispute {
  /** What the log holds at the record's index, in hex, proven in the tree that was anchored; absent where it shows nothing. */
  entry?: string
  /** The record as the operator opens it; absent where it does not. */
  record?: DisclosedRecord
}

interface Judged {
  wrong: DisputeVerdict
  how: string
  words: string
}

/** The last part of the panel's time, in which one to whom nothing was shown says so. */
const LATE = 4
const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 300_000
/** Looks in a panel's time, at the least. */
const LOOKS = 16
const SIDES = ['challenger', 'defender'] as const satisfies readonly Side[]

export class Jury {
  readonly #options: JuryOptions
  /** Disputes that nothing could be said of yet, and when they are looked at again. */
  readonly #later = new Map<string, { at: number; pause: number }>()
  readonly #stop = new AbortController()
  #sitting: Promise<void> | undefined

  constructor(options: JuryOptions) {
    this.#options = options
  }

  /** Looks at what this member was drawn for, which this does not wait for. */
  perform(): void {
    if (this.#stop.signal.aborted) return
    this.#sitting ??= this.#sit()
      .catch(error => this.#options.report('a dispute could not be judged', error))
      .finally(() => {
        this.#sitting = undefined
      })
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#sitting
  }

  async #sit(): Promise<void> {
    const { book, keyring, submitter } = this.#options
    const { state } = book
    for (const digest of [...state.openOf('dispute')]) {
      const dispute = state.disputes.get(digest)!
      if (dispute.status !== 'panel' || !dispute.panel.includes(keyring.member)) continue
      if (dispute.votes.some(({ member }) => member === keyring.member)) continue
      if (Date.now() < (this.#later.get(digest)?.at ?? 0)) continue
      // Whatever a side shows, or goes wrong here, the other disputes wait to be judged as well.
      const judged = await this.#judge(dispute).catch(error => String((error as Error).message))
      this.#wait(digest)
      if (this.#stop.signal.aborted) return
      if (typeof judged === 'string') {
        this.#options.report(`the dispute ${digest.slice(0, 16)} cannot be judged yet: ${judged}`)
        continue
      }
      const { wrong, how, words } = judged
      const report = nodeSuite.sha256Hex(Buffer.from(JSON.stringify({ dispute: digest, wrong, how, words })))
      await submitter
        .state('dispute-vote', { dispute: digest, wrong, how, report }, [keyring.statements('validator')])
        .then(
          () => this.#options.report(`the dispute ${digest.slice(0, 16)}: ${words}`),
          error => {
            if (errorCode(error) !== 'rule-forbids')
              this.#options.report('a vote did not reach the host', error)
          },
        )
    }
    const open = new Set(book.state.openOf('dispute'))
    for (const digest of [...this.#later.keys()]) if (!open.has(digest)) this.#later.delete(digest)
  }

  #wait(digest: string): void {
    // Not so long that a panel's time passes between two looks.
    const most = Math.min(LAST_PAUSE_MS, (this.#options.book.state.terms.challengeSeconds * 1000) / LOOKS)
    const pause = Math.min(most, 2 * (this.#later.get(digest)?.pause ?? FIRST_PAUSE_MS / 2))
    this.#later.set(digest, { at: Date.now() + pause, pause })
  }

  /** Or why nothing can be said yet. */
  async #judge(dispute: Dispute): Promise<Judged | string> {
    const shown: Partial<Record<Side, Evidence>> = {}
    const { entry, record: opened } = await this.#options.disclosed(dispute, this.#stop.signal)
    // The auditor must have looked into the tree that was anchored: no other tree of this log is anyone's record.
    if (entry !== undefined && entry !== dispute.entry)
      return {
        wrong: 'challenger',
        how: 'record',
        words: 'the log that was anchored holds another entry there',
      }
    let record = opened
    const silent: string[] = []
    for (const side of SIDES) {
      if (dispute.game === null && (side === 'defender' || record !== undefined)) continue
      const member = side === 'challenger' ? dispute.auditor : dispute.operator
      const url = this.#options.book.state.members.get(member)?.url
      try {
        if (url == null) throw new AnswerableError('unavailable', `${member} states no address`)
        const { evidence, record: brought } = await this.#options.evidence.ask(
          dispute,
          url,
          this.#stop.signal,
        )
        if (evidence !== undefined) shown[side] = evidence
        record ??= brought && opens(brought, dispute) ? brought : undefined
      } catch (error) {
        if (!(error instanceof AnswerableError)) throw error
        silent.push(error.message)
      }
    }
    if (record === undefined) return `its record is not to be had (${silent.join('; ')})`
    if (!isAnswer(record))
      return { wrong: 'challenger', how: 'record', words: 'the record is no answer that a model could give' }
    return dispute.game === null || dispute.game.end?.kind === 'declined'
      ? this.#judgeAnswer(record)
      : this.#judgeGraph(dispute, dispute.game, record, shown, silent)
  }

  async #judgeGraph(
    dispute: Dispute,
    game: NonNullable<Dispute['game']>,
    record: DisclosedRecord,
    evidence: Partial<Record<Side, Evidence>>,
    silent: readonly string[],
  ): Promise<Judged | string> {
    const known = await this.#options.caseOf(record)
    if (known === undefined) return 'the model’s file is not here'
    const { graph, key, request, response } = known
    const run = findCanonical() === undefined ? undefined : runOperator
    const given = { game, graph, key, evidence, request, ...(response && { response }) }
    const { wrong, how, words }: Verdict = await verdict(given, referee, nodeSuite, run)
    // That it cannot be repeated here is nothing to vote on.
    if (wrong === 'neither' && how === 'operator' && run === undefined) return words
    // For want of something shown it may be otherwise later: as long as there is time, nothing is said.
    if (wrong === 'neither' && how === 'opening' && !this.#isLate(dispute))
      return [words, ...silent].join('; ')
    return { wrong, how, words }
  }

  #isLate({ due }: Dispute): boolean {
    const { clock, terms } = this.#options.book.state
    return clock > due - (terms.challengeSeconds * 1000) / LATE
  }

  /** Of what no two traces can be compared of: the recorded answer is run again as a whole. */
  async #judgeAnswer(record: DisclosedRecord): Promise<Judged | string> {
    const { outcome, reason, setting, words: said } = await this.#options.rerun(partsOf(record))
    const words = said.join(' ')
    if (outcome === 'not-rerun')
      return reason !== undefined && NOBODY_CAN.includes(reason)
        ? { wrong: 'challenger', how: 'record', words }
        : words
    if (outcome === 'inconsistent') return { wrong: 'defender', how: 'replay', words }
    // In another setting more is allowed for: what is within it here may be beyond it where the auditor ran it.
    const alike = outcome === 'exact' || setting?.same === true
    return { wrong: alike ? 'challenger' : 'neither', how: 'replay', words }
  }
}

/** Why nobody at all can have run a record again: it says so itself. */
const NOBODY_CAN: readonly string[] = ['upstream', 'no-manifest', 'no-answer'] satisfies NotRerun[]

/**
 * Whether a side brought the record that a dispute is about, and nothing else: its last statement is the log's entry, and
 * every disclosure and all bytes are what that commits to.
 */
function opens(record: DisclosedRecord, { log, entry }: Dispute): boolean {
  const [first, last] = [record.parts[0], record.parts.at(-1)]
  if (first === undefined || last === undefined || nodeSuite.sha256Hex(last.statement) !== entry) return false
  // The beginning of a stream is bound by its end, which names its digest.
  const entries = new Map([first, last].map(({ index, statement }) => [index, nodeSuite.sha256(statement)]))
  return !('problem' in openDisclosedRecord(record, { log, index: last.index }, entries, nodeSuite))
}

function isAnswer({ parts }: DisclosedRecord): boolean {
  try {
    return parseStatement(parts.at(-1)!.statement).predicateType === INFERENCE_TYPE
  } catch {
    return false
  }
}
