/**
 * A drawn validator over a dispute: it has the record opened, asks both sides for what they committed to, computes anew the
 * one tile in which they part, and votes for what comes out. Of a language model it runs the recorded answer itself. What
 * it cannot tell it does not vote on: a panel that cannot tell leaves the record contested.
 */
import { AnswerableError, errorCode } from '@answerable/core'
import { referee } from '@answerable/core/arithmetic'
import { type DisclosedRecord, partsOf, type RecordParts, type Rerun } from '@answerable/core/audit'
import { type Evidence, type Side, type Verdict, verdict } from '@answerable/core/dispute'
import type { Dispute, DisputeVerdict } from '@answerable/core/registry'
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
  /** The record as its operator opens it for this dispute; undefined where it does not. */
  disclosed(dispute: Dispute): Promise<DisclosedRecord | undefined>
  /** A record and its model's file; undefined where the file is not here. */
  caseOf(record: DisclosedRecord): Promise<GraphCase | undefined>
  rerun(record: RecordParts): Promise<Rerun>
  report: (event: string, error?: unknown) => void
}

interface Judged {
  wrong: DisputeVerdict
  how: string
  words: string
}

const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 300_000
const SIDES = ['challenger', 'defender'] as const satisfies readonly Side[]

export class Jury {
  readonly #options: JuryOptions
  /** Disputes that nothing could be said of yet, and when they are looked at again. */
  readonly #later = new Map<string, { at: number; pause: number }>()
  #sitting: Promise<void> | undefined

  constructor(options: JuryOptions) {
    this.#options = options
  }

  /** Looks at what this member was drawn for, which this does not wait for. */
  perform(): void {
    this.#sitting ??= this.#sit()
      .catch(error => this.#options.report('a dispute could not be judged', error))
      .finally(() => {
        this.#sitting = undefined
      })
  }

  async close(): Promise<void> {
    await this.#sitting
  }

  async #sit(): Promise<void> {
    const { book, keyring, submitter } = this.#options
    for (const digest of book.state.openOf('dispute')) {
      const dispute = book.state.disputes.get(digest)!
      if (dispute.status !== 'panel' || !dispute.panel.includes(keyring.member)) continue
      if (dispute.votes.some(({ member }) => member === keyring.member)) continue
      if (Date.now() < (this.#later.get(digest)?.at ?? 0)) continue
      const judged = await this.#judge(dispute).catch(error => {
        if (!(error instanceof AnswerableError)) throw error
        return error.message
      })
      this.#wait(digest)
      if (typeof judged === 'string') {
        this.#options.report(`the dispute ${digest.slice(0, 16)} cannot be judged yet: ${judged}`)
        continue
      }
      const { wrong, how, words } = judged
      const report = nodeSuite.sha256Hex(Buffer.from(JSON.stringify({ dispute: digest, wrong, how, words })))
      await submitter
        .state('dispute-vote', { dispute: digest, wrong, how, report }, [keyring.statements('validator')])
        .catch(error => {
          if (errorCode(error) !== 'rule-forbids') throw error
        })
      this.#options.report(`the dispute ${digest.slice(0, 16)}: ${words}`)
    }
    const open = new Set(book.state.openOf('dispute'))
    for (const digest of [...this.#later.keys()]) if (!open.has(digest)) this.#later.delete(digest)
  }

  #wait(digest: string): void {
    const pause = Math.min(LAST_PAUSE_MS, 2 * (this.#later.get(digest)?.pause ?? FIRST_PAUSE_MS / 2))
    this.#later.set(digest, { at: Date.now() + pause, pause })
  }

  /** Or why nothing can be said yet. */
  async #judge(dispute: Dispute): Promise<Judged | string> {
    const shown: Partial<Record<Side, Evidence>> = {}
    let record = await this.#options.disclosed(dispute)
    const silent: string[] = []
    for (const side of SIDES) {
      if (dispute.game === null && (side === 'defender' || record !== undefined)) continue
      const member = side === 'challenger' ? dispute.auditor : dispute.operator
      const url = this.#options.book.state.members.get(member)?.url
      try {
        if (url == null) throw new AnswerableError('unavailable', `${member} states no address`)
        const { evidence, record: brought } = await this.#options.evidence.ask(dispute, url)
        if (evidence !== undefined) shown[side] = evidence
        record ??= brought && isOf(dispute, brought) ? brought : undefined
      } catch (error) {
        if (!(error instanceof AnswerableError)) throw error
        silent.push(error.message)
      }
    }
    if (record === undefined) return `its record is not to be had (${silent.join('; ')})`
    return dispute.game === null
      ? this.#judgeTokens(record)
      : this.#judgeGraph(dispute.game, record, shown, silent)
  }

  async #judgeGraph(
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
    // For want of something shown it may be otherwise later.
    if (wrong === 'neither' && (how === 'opening' || how === 'operator') && silent.length > 0)
      return `${words} (${silent.join('; ')})`
    return { wrong, how, words }
  }

  async #judgeTokens(record: DisclosedRecord): Promise<Judged | string> {
    const came = await this.#options.rerun(partsOf(record))
    const words = came.words.join(' ')
    if (came.outcome === 'not-rerun') return words
    return { wrong: came.outcome === 'inconsistent' ? 'defender' : 'challenger', how: 'replay', words }
  }
}

/** Whether this is the record that a dispute is about: its last statement is the log's entry. */
function isOf({ entry }: Dispute, { parts }: DisclosedRecord): boolean {
  return parts.length > 0 && nodeSuite.sha256Hex(parts.at(-1)!.statement) === entry
}
