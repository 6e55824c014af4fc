/**
 * The registry's fold: from the entries of its log to its state. Pure and total: an entry that a rule forbids is void,
 * by that rule's name, and changes nothing; no entry stops it. Everyone who appends the same entries has the same
 * state, and the same digest of it.
 */
import { equal, toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { Frontier } from '../tlog/frontier.ts'
import { leafHash } from '../tlog/merkle.ts'
import { advance } from './advance.ts'
import type { Kind, LogView, Signer, Stated } from './kind.ts'
import type { Tick } from './kinds/tick.ts'
import type { Rule } from './rule.ts'
import { type RuleBook, rulesOf } from './rules.ts'
import { Seen } from './seen.ts'
import { Signatures, type Signed } from './signatures.ts'
import { State } from './state.ts'
import { openEntry, parseRegistryPayload } from './statement.ts'
import { termsUnder } from './terms.ts'

export interface Outcome {
  index: number
  effective: boolean
  /** The rule by which it is void. */
  rule?: Rule
  /** What of it was wrong, in words. */
  detail?: string
  kind?: string
  /** SHA-256 of the payload, in hex, where there is one. */
  digest?: string
  /** Whose statement it is, once its signature is good. */
  member?: string
  /** Of a tick: the time that it says, Unix milliseconds. */
  tick?: number
  /** Whether a validator's stamp on this statement is settled by it. */
  settles?: boolean
}

/** How many due sizes back a validator may still sign. */
const DIGESTS_KEPT = 8
/** Author's clocks may be ahead of registry time by this, which only moves in ticks. */
const AHEAD_MS = 86_400_000
/** Statements of an epoch that recovery keys have apart, and that put things right beyond the full share. */
const SPARE = 64

interface Judged extends Outcome {
  commit?: () => void
}

export class Registry {
  readonly state = new State()
  readonly #suite: Suite
  readonly #frontier: Frontier
  readonly #seen = new Seen()
  readonly #digests = new Map<number, string>()
  readonly #signatures: Signatures
  readonly #view: LogView
  #root: Uint8Array | undefined
  /** What was judged last, so that whoever checks an entry and then appends it pays for its signatures once. */
  #judged: { leaf: Uint8Array; judged: Judged } | undefined

  constructor(suite: Suite) {
    this.#suite = suite
    this.#frontier = new Frontier(suite)
    this.#signatures = new Signatures(this.state, suite)
    const self = this
    this.#view = {
      get size() {
        return self.size
      },
      root: () => self.root(),
      digestAt: size => self.#digests.get(size),
      has: digest => self.#seen.get(digest) !== undefined,
    }
  }

  /** Entries so far. */
  get size(): number {
    return this.#frontier.size
  }

  /** The root of the log's tree. */
  root(): Uint8Array {
    this.#root ??= this.#frontier.root()
    return this.#root
  }

  /** The root that the log's tree would have with these entries added. */
  rootWith(entries: readonly Uint8Array[]): Uint8Array {
    const frontier = Frontier.fromBytes(this.#frontier.toBytes(), this.#suite)
    for (const entry of entries) frontier.append(leafHash(entry, this.#suite))
    return frontier.root()
  }

  /** The newest size whose state digest validators sign, and that digest. */
  get due(): { size: number; digest: string } | undefined {
    const newest = [...this.#digests].at(-1)
    return newest && { size: newest[0], digest: newest[1] }
  }

  /** The state digest of now. */
  digest(): string {
    return this.state.digest(this.size, this.#suite)
  }

  /** What would come of an entry if it were the next. Throws `unknown-rules` as `append` does. */
  check(entry: Uint8Array): Outcome {
    const leaf = leafHash(entry, this.#suite)
    const judged = this.#judge(entry)
    this.#judged = { leaf, judged }
    const { commit: _, ...outcome } = judged
    return outcome
  }

  /**
   * Takes the next entry of the log. Throws `unknown-rules` alone, before it is taken, where the charter has moved on
   * to rules that this software does not have.
   */
  append(entry: Uint8Array): Outcome {
    const { state } = this
    const leaf = leafHash(entry, this.#suite)
    const known = this.#judged
    const judged = known !== undefined && equal(known.leaf, leaf) ? known.judged : this.#judge(entry)
    const { commit, ...outcome } = judged
    this.#judged = undefined
    this.#frontier.append(leaf)
    this.#root = undefined
    commit?.()
    if (outcome.settles) this.#settleHandIn(outcome.digest!, outcome.index)
    activate(state, this.size)
    if (state.network !== '' && this.size % state.terms.digestEvery === 0) this.#keepDigest()
    return outcome
  }

  #judge(entry: Uint8Array): Judged {
    const rules = rulesOf(this.state.rules)
    const outcome: Judged = { index: this.size, effective: false }
    try {
      return this.#open(entry, rules, outcome)
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
      const rule = outcome.digest === undefined ? 'malformed-envelope' : 'malformed-statement'
      return { ...outcome, rule, detail: error.message }
    }
  }

  #open(entry: Uint8Array, rules: RuleBook, outcome: Judged): Judged {
    const { state } = this
    const suite = this.#suite
    const { payload, signatures } = openEntry(entry)
    outcome.digest = suite.sha256Hex(payload)
    const { kind: name, network, by: author, time, body } = parseRegistryPayload(payload)
    outcome.kind = name
    const kind = rules.get(name)
    const isCharter = name === 'charter'
    if (kind === undefined) return { ...outcome, rule: 'unknown-kind', detail: name }
    if (state.network === '' && !isCharter) return { ...outcome, rule: 'no-charter' }
    if (!isCharter && network !== state.network) return { ...outcome, rule: 'wrong-network' }
    const before = this.#seen.get(outcome.digest)
    if (before === true) return { ...outcome, rule: 'duplicate' }
    const parsed = kind.parse(body, suite)
    if (name === 'tick') outcome.tick = (parsed as Tick).at
    const signed = this.#signatures.check(kind, parsed, payload, signatures)
    if (this.#isHandedIn(outcome.digest, author, kind, signed)) outcome.settles = true
    if (signed.rule !== undefined) return { ...outcome, rule: signed.rule }
    const { signers } = signed
    const by = authorOf(author, signers, id => isCharter || state.keys.has(id))
    if (by === undefined) return { ...outcome, rule: 'wrong-author' }
    outcome.member = by.member.id
    if (state.time > 0 && !isCharter) {
      const oldest = Math.max(this.#seen.floor + 1, state.time - state.terms.windowSeconds * 1000)
      if (time < oldest) return { ...outcome, rule: 'stale' }
      if (time > state.time + AHEAD_MS && !kind.timeless) return { ...outcome, rule: 'from-the-future' }
    }
    const { digest, index } = outcome
    const share = shareOf(state, kind, by)
    const free = kind.free?.(state, parsed, by.member.ownerGroup) ?? false
    if (!free && share.used >= share.most) return { ...outcome, rule: 'rate-limit' }
    const stated: Stated<unknown> = { body: parsed, digest, index, time, signers, by, log: this.#view, suite }
    const rule = kind.check(state, stated)
    if (rule !== undefined) {
      const commit = () => {
        // One that others submit over and over again must not use up its author's share.
        if (before === undefined) state.usage.set(share.name, share.used + 1)
        this.#seen.add(digest, false, time)
      }
      return { ...outcome, rule, commit }
    }
    const commit = () => {
      if (!free) state.usage.set(share.name, share.used + 1)
      this.#seen.add(digest, true, time)
      kind.apply(state, stated)
      if (name === 'tick') advance(state, index, () => this.root(), suite)
      this.#seen.turn(state.time, state.terms.windowSeconds * 1000 + AHEAD_MS, AHEAD_MS)
    }
    // Effective as it is: whatever signatures it was handed in with, these sufficed.
    return { ...outcome, effective: true, ...(this.#isDue(digest) && { settles: true }), commit }
  }

  #isDue(digest: string): boolean {
    return this.state.handIns.get(digest)?.done === null
  }

  /**
   * Whether this is, whatever comes of it, what was handed in: with the signatures that it had then. An altered copy
   * that is void for what was left out of it settles nothing.
   */
  #isHandedIn(digest: string, author: string, kind: Kind<unknown>, { good, brought }: Signed): boolean {
    if (!this.#isDue(digest)) return false
    const { keys, handIns } = this.state
    const { signers } = handIns.get(digest)!
    if (signers === null) return !kind.cosigned && [...good].some(id => keys.get(id)?.member === author)
    // Of keys that nobody knows nothing can be said.
    return good.size > 0 && signers.every(id => good.has(id) || !(keys.has(id) || brought.has(id)))
  }

  /** A statement that was handed in is in the log now, effective or void: its outcome names the rule. */
  #settleHandIn(digest: string, index: number): void {
    this.state.handIns.update(digest, { done: index })
    this.state.open.delete(`hand-in ${digest}`)
  }

  #keepDigest(): void {
    this.#digests.set(this.size, this.digest())
    if (this.#digests.size <= DIGESTS_KEPT) return
    const oldest = this.#digests.keys().next().value!
    this.#digests.delete(oldest)
    this.state.digests.delete(oldest)
  }
}

/** The author among the signers; by a recovery key, where that signed as well. */
function authorOf(
  author: string,
  signers: readonly Signer[],
  isRegistered: (keyid: string) => boolean,
): Signer | undefined {
  // A key that the statement brings says of itself whose it is: it must not speak for a member.
  const own = signers.filter(({ keyid, member }) => member.id === author && isRegistered(keyid))
  return own.find(({ key }) => key.purpose === 'recovery') ?? own[0]
}

/**
 * The share that a statement counts against. Recovery keys have one of their own, so that a thief cannot use up what the
 * theft is ended with; members without standing have a small one.
 */
function shareOf(
  state: State,
  kind: Kind<unknown>,
  { key, member }: Signer,
): { name: string; used: number; most: number } {
  const isRecovery = key.purpose === 'recovery'
  const name = isRecovery ? `${member.id} recovery` : member.id
  const full = state.terms.statementsPerEpoch + (kind.spare ? SPARE : 0)
  const most = isRecovery || (member.status !== 'active' && state.members.has(member.id)) ? SPARE : full
  return { name, used: state.usage.get(name) ?? 0, most }
}

/** Takes the amendments that were due at this size into effect. */
function activate(state: State, size: number): void {
  if (state.pending.length === 0) return
  const due = state.pending.filter(({ at }) => at <= size)
  if (due.length === 0) return
  state.pending = state.pending.filter(({ at }) => at > size)
  for (const { terms, rules } of due) {
    // Two that were on their way together, or out of order, must not take it back or leave a version out.
    if (rules === state.rules + 1) state.rules = rules
    state.terms = termsUnder(state.rules, { ...state.terms, ...terms })
  }
}

/** The hex root of a registry's log, as statements write it. */
export function rootHex(registry: Registry): string {
  return toHex(registry.root())
}
