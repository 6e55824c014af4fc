/**
 * A node's evidence in its network: asked of its hardware at start, brought to everybody who is to store it, stated in the
 * registry, and named by its records from then on. What vendors say of the platform grows old, so it is fetched again before
 * it does; evidence that grows old itself is asked for anew.
 */
import { AnswerableError, type ErrorCode, errorCode } from '@answerable/core'
import {
  type DocumentAppraisal,
  type Endorsement,
  type EvidencePolicy,
  formatEndorsements,
} from '@answerable/core/evidence'
import {
  type Attesters,
  appraiseOwn,
  attest,
  type EvidenceConfig,
  type NodeEvidence,
} from '../attester/index.ts'
import { betterEndorsements, fitEndorsements, gatherEndorsements } from '../endorsements/index.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Fetch } from '../witness/exchange.ts'

export const NO_EVIDENCE = 'this node has no hardware evidence: nothing here can show where it runs'

export interface AttestingOptions {
  attesters: Attesters
  services: EvidenceConfig['endorsements']
  /** Of the log that is written now. */
  log: { origin: string; vkey: string }
  /** The network's, as its charter has it. */
  policy(): EvidencePolicy
  /** States it in the registry, with both documents for whoever is to store them. Resolves when the host has taken it. */
  state(evidence: { log: string; document: Uint8Array; archive: Uint8Array }): Promise<unknown>
  /** Records name it from now on. */
  use(digest: string): void
  /** Stands before every request to a vendor. */
  fetch?: Fetch
  clock?: () => number
  report: (event: string, error?: unknown) => void
  /** How long after a failure it is tried again; twice as long each time, an hour at most. */
  retryMs?: number
}

export interface AttestingStatus {
  machine: string
  devices: number
  /** What is done at present, and what was done for it so far. */
  running: 'attest' | 'refresh' | null
  steps: string[]
  /** SHA-256 of the evidence document, and of the newest archive, once the registry has them. */
  evidence: string | null
  endorsements: string | null
  /** Whether the network's policy is met, and what stands in the way. */
  met: boolean | null
  unmet: string[]
  /** Endorsements that did not come. */
  problems: string[]
  platform: string | null
  /** RFC 3339. */
  asOf: string | null
  validUntil: string | null
  next: string | null
  error: { code: ErrorCode; message: string } | null
}

interface Held {
  own: NodeEvidence
  /** For each item. */
  endorsements: (readonly Endorsement[])[]
  archive: string
  appraisal: DocumentAppraisal
  problems: string[]
  at: number
}

const RETRY_MS = 60_000
const MOST_RETRY_MS = 3_600_000
const DAY_MS = 86_400_000
const LEAST_MS = 60_000
const MOST_STEPS = 64
/** What a node states is of no use when it is about to end. */
const MOST_LEAD_MS = DAY_MS

export class Attesting {
  readonly #options: AttestingOptions
  readonly #clock: () => number
  readonly #abort = new AbortController()
  #held: Held | undefined
  #running: { what: 'attest' | 'refresh'; done: Promise<void> } | undefined
  #steps: string[] = []
  #error: AttestingStatus['error'] = null
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #next: number | undefined

  constructor(options: AttestingOptions) {
    this.#options = options
    this.#clock = options.clock ?? Date.now
  }

  /** Attests, and from then on again when it is due. Resolves after the first attempt, whatever came of it. */
  async start(): Promise<void> {
    await this.attest().catch(() => undefined)
  }

  get status(): AttestingStatus {
    const { attesters } = this.#options
    const held = this.#held
    const { until = Number.POSITIVE_INFINITY } = held?.appraisal.window ?? {}
    return {
      machine: attesters.machine.kind,
      devices: attesters.devices.length,
      running: this.#running?.what ?? null,
      steps: [...this.#steps],
      evidence: held?.own.digest ?? null,
      endorsements: held?.archive ?? null,
      met: held?.appraisal.verdict.met ?? null,
      unmet: held?.appraisal.verdict.unmet ?? [],
      problems: held?.problems ?? [],
      platform: held?.appraisal.machine.appraisal?.platform ?? null,
      asOf: held === undefined ? null : isoOf(held.at),
      validUntil: isoOf(until),
      next: this.#next === undefined ? null : isoOf(this.#next),
      error: this.#error,
    }
  }

  /** New evidence, for the same log. Rejects with why there is none; what was there before is still used then. */
  attest(): Promise<void> {
    return this.#run('attest', () => this.#attest())
  }

  /** New endorsements for the same evidence. Rejects with `conflict` where there is none yet. */
  refresh(): Promise<void> {
    return this.#run('refresh', () => this.#refresh())
  }

  async close(): Promise<void> {
    this.#abort.abort()
    clearTimeout(this.#timer)
    await this.#running?.done.catch(() => undefined)
  }

  #run(what: 'attest' | 'refresh', work: () => Promise<void>): Promise<void> {
    if (this.#abort.signal.aborted)
      return Promise.reject(new AnswerableError('unavailable', 'the process is ending'))
    // One at a time: who asks while one is under way hears how that one ends.
    if (this.#running !== undefined) return this.#running.done
    this.#steps = []
    clearTimeout(this.#timer)
    this.#next = undefined
    const done = work()
      .then(
        () => {
          this.#error = null
          // Endorsements that are out of date already are no reason to ask every minute.
          const inTime = this.#clock() <= (this.#held?.appraisal.window.until ?? 0)
          this.#failures = inTime ? 0 : this.#failures + 1
        },
        error => {
          this.#failures++
          this.#error = { code: errorCode(error), message: wordsOf(error) }
          throw error
        },
      )
      .finally(() => {
        this.#running = undefined
        this.#schedule()
      })
    this.#running = { what, done }
    done.catch(() => undefined)
    return done
  }

  async #attest(): Promise<void> {
    const { attesters, log } = this.#options
    const own = await attest({
      attesters,
      log: log.vkey,
      suite: nodeSuite,
      signal: this.#abort.signal,
      progress: step => this.#step(step),
    })
    await this.#complete(
      own,
      own.items.map(({ endorsements }) => endorsements),
    )
  }

  async #refresh(): Promise<void> {
    if (this.#held === undefined)
      throw new AnswerableError('conflict', 'there is no evidence yet to refresh; attest first')
    await this.#complete(this.#held.own, this.#held.endorsements)
  }

  /** Fetches what vendors say of it, appraises it, and states it where anything in it is new. */
  async #complete(own: NodeEvidence, known: readonly (readonly Endorsement[])[]): Promise<void> {
    const { log, services, state, use, fetch: send } = this.#options
    const policy = this.#options.policy()
    const time = this.#clock()
    const endorsements: (readonly Endorsement[])[] = []
    const problems: string[] = []
    for (const [i, item] of own.items.entries()) {
      this.#step(`${i === 0 ? 'machine' : `device ${i}`}: asking what its vendor says of it`)
      const came = await gatherEndorsements(item, item.endorsements, {
        services,
        intelRoots: policy.roots.intel,
        signal: this.#abort.signal,
        ...(send && { fetch: send }),
      })
      problems.push(...came.problems)
      endorsements.push(
        betterEndorsements(item, known[i] ?? [], came.endorsements, { time, policy, suite: nodeSuite }),
      )
    }
    const { endorsements: list, left } = fitEndorsements(endorsements.flat())
    if (left > 0) problems.push(`no room for ${left} of the endorsements: an archive is bounded`)
    for (const problem of problems) this.#step(problem)
    const appraisal = appraiseOwn(own.document, list, time, { log: log.vkey, policy, suite: nodeSuite })
    const archiveBytes = formatEndorsements(list)
    const archive = nodeSuite.sha256Hex(archiveBytes)
    const same = this.#held?.own.digest === own.digest && this.#held.archive === archive
    if (!same) {
      this.#step('stating it in the registry')
      await state({ log: log.origin, document: own.document, archive: archiveBytes })
    }
    this.#held = { own, endorsements, archive, appraisal, problems, at: time }
    use(own.digest)
    this.#step(same ? 'nothing is new' : 'records name it from now on')
  }

  #step(step: string): void {
    if (this.#steps.length < MOST_STEPS) this.#steps.push(step)
  }

  #schedule(): void {
    if (this.#abort.signal.aborted) return
    const now = this.#clock()
    const at = this.#failures > 0 ? now + this.#backoff() : now + this.#untilDue(now)
    this.#next = at
    this.#timer = setTimeout(() => void this.#due(), Math.min(at - now, DAY_MS))
    this.#timer.unref()
  }

  #backoff(): number {
    const { retryMs = RETRY_MS } = this.#options
    return Math.min(MOST_RETRY_MS, retryMs * 2 ** Math.min(16, this.#failures - 1))
  }

  /** A quarter of what is left before the end, a day at most; and once a day at least, since revocations are news. */
  #untilDue(now: number): number {
    const left = (this.#held?.appraisal.window.until ?? now) - now
    return Math.max(LEAST_MS, Math.min(DAY_MS, left - Math.min(MOST_LEAD_MS, left / 4)))
  }

  async #due(): Promise<void> {
    try {
      if (this.#held === undefined) return await this.attest()
      const { until } = this.#held.appraisal.window
      await this.refresh()
      // Nothing that a vendor says makes this document last longer.
      const after = this.#held.appraisal.window.until
      if (after <= until && after - this.#clock() < DAY_MS) await this.attest()
    } catch (error) {
      this.#options.report('the evidence of this node is not renewed; it is tried again', error)
    }
  }
}

function isoOf(time: number): string | null {
  return Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : null
}

function wordsOf(error: unknown): string {
  return error instanceof AnswerableError ? error.message : 'a fault of ours'
}
