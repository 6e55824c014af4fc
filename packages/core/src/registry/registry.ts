/**
 * The registry's fold: from the entries of its log to its state. Pure and total: an entry that a rule forbids is void,
 * by that rule's name, and changes nothing; no entry stops it. Everyone who appends the same entries has the same
 * state, and the same digest of it.
 */
import { toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { preAuthEncoding } from '../statement/envelope.ts'
import { STATEMENT_MEDIA_TYPE } from '../statement/intoto.ts'
import type { Suite } from '../suite.ts'
import { Frontier } from '../tlog/frontier.ts'
import { leafHash } from '../tlog/merkle.ts'
import { advance } from './advance.ts'
import { parseKeyText } from './key-text.ts'
import type { Kind, LogView, Signer, Stated } from './kind.ts'
import type { Tick } from './kinds/tick.ts'
import type { Member } from './records.ts'
import type { Rule } from './rule.ts'
import { rulesOf } from './rules.ts'
import { Seen } from './seen.ts'
import { State } from './state.ts'
import { openEntry, parseRegistryPayload } from './statement.ts'

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
}

/** How many due sizes back a validator may still sign. */
const DIGESTS_KEPT = 8
/** Author's clocks may be ahead of registry time by this, which only moves in ticks. */
const AHEAD_MS = 86_400_000

const ACTIVE = ['active'] as const satisfies readonly Member['status'][]

interface Judged extends Outcome {
  /** Whether somebody who is registered did sign it, whatever came of it. */
  authentic?: boolean
  commit?: () => void
}

export class Registry {
  readonly state = new State()
  readonly #suite: Suite
  readonly #frontier: Frontier
  readonly #seen = new Seen()
  readonly #digests = new Map<number, string>()
  readonly #view: LogView
  #root: Uint8Array | undefined
  /** What was judged last, so that whoever checks an entry and then appends it pays for its signatures once. */
  #judged: { entry: Uint8Array; judged: Judged } | undefined

  constructor(suite: Suite) {
    this.#suite = suite
    this.#frontier = new Frontier(suite)
    const self = this
    this.#view = {
      get size() {
        return self.size
      },
      root: () => self.root(),
      digestAt: size => self.#digests.get(size),
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

  /** What would come of an entry if it were the next. */
  check(entry: Uint8Array): Outcome {
    const judged = this.#judge(entry)
    this.#judged = { entry, judged }
    const { commit: _, authentic: __, ...outcome } = judged
    return outcome
  }

  /**
   * Takes the next entry of the log. Throws `unknown-rules` alone, before it is taken, where the charter has moved on
   * to rules that this software does not have.
   */
  append(entry: Uint8Array): Outcome {
    const { state } = this
    rulesOf(state.rules)
    const known = this.#judged
    this.#judged = undefined
    const { commit, authentic, ...outcome } = known?.entry === entry ? known.judged : this.#judge(entry)
    this.#frontier.append(leafHash(entry, this.#suite))
    this.#root = undefined
    commit?.()
    if (outcome.digest !== undefined) {
      this.#seen.add(outcome.digest, outcome.effective)
      // An envelope with a spoilt signature is not the statement that was handed in.
      if (authentic) this.#settleHandIn(outcome.digest, outcome.index)
    }
    activate(state, this.size)
    if (state.network !== '' && this.size % state.terms.digestEvery === 0) this.#keepDigest()
    return outcome
  }

  #judge(entry: Uint8Array): Judged {
    const index = this.size
    const outcome: Judged = { index, effective: false }
    try {
      return this.#open(entry, outcome)
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
      const rule = outcome.digest === undefined ? 'malformed-envelope' : 'malformed-statement'
      return { ...outcome, rule, detail: error.message }
    }
  }

  #open(entry: Uint8Array, outcome: Judged): Judged {
    const { state } = this
    const suite = this.#suite
    const { payload, signatures } = openEntry(entry)
    outcome.digest = suite.sha256Hex(payload)
    const { kind: name, network, by: author, time, body } = parseRegistryPayload(payload)
    outcome.kind = name
    const kind = rulesOf(state.rules).get(name)
    const isCharter = name === 'charter'
    if (kind === undefined) return { ...outcome, rule: 'unknown-kind', detail: name }
    if (state.network === '' && !isCharter) return { ...outcome, rule: 'no-charter' }
    if (!isCharter && network !== state.network) return { ...outcome, rule: 'wrong-network' }
    const before = this.#seen.get(outcome.digest)
    if (before === true) return { ...outcome, rule: 'duplicate' }
    const parsed = kind.parse(body, suite)
    const found = this.#signers(kind, parsed, payload, signatures)
    if ('rule' in found) return { ...outcome, ...found }
    outcome.authentic = true
    const { signers } = found
    const by = signers.find(({ member }) => member.id === author)
    if (by === undefined) return { ...outcome, rule: 'wrong-author' }
    outcome.member = by.member.id
    if (state.time > 0 && !isCharter) {
      const oldest = Math.max(this.#seen.floor + 1, state.time - state.terms.windowSeconds * 1000)
      if (time < oldest) return { ...outcome, rule: 'stale' }
      if (time > state.time + AHEAD_MS) return { ...outcome, rule: 'from-the-future' }
    }
    if (name === 'tick') outcome.tick = (parsed as Tick).at
    const used = state.usage.get(by.member.id) ?? 0
    if (used >= state.terms.statementsPerEpoch) return { ...outcome, rule: 'rate-limit' }
    // A void statement that someone else submits over and over again must not use up its author's share.
    const count = () => {
      if (before === undefined) state.usage.set(by.member.id, used + 1)
    }
    const stated: Stated<unknown> = {
      body: parsed,
      digest: outcome.digest,
      index: outcome.index,
      time,
      signers,
      by,
      log: this.#view,
      suite,
    }
    const rule = kind.check(state, stated)
    if (rule !== undefined) return { ...outcome, rule, commit: count }
    return {
      ...outcome,
      effective: true,
      commit: () => {
        count()
        kind.apply(state, stated)
        if (name === 'tick') advance(state, outcome.index, suite)
        this.#seen.turn(state.time, state.terms.windowSeconds * 1000 + AHEAD_MS, AHEAD_MS)
      },
    }
  }

  /** The good signatures of those who may sign this kind, or the rule by which there is none. */
  #signers(
    kind: Kind<unknown>,
    body: unknown,
    payload: Uint8Array,
    signatures: readonly { keyid: string; sig: Uint8Array }[],
  ): { signers: Signer[] } | { rule: Rule; authentic?: boolean } {
    const brought = this.#brought(kind, body)
    const message = preAuthEncoding(STATEMENT_MEDIA_TYPE, payload)
    const signers = new Map<string, Signer>()
    let reason: Rule = 'unknown-key'
    let authentic = false
    for (const { keyid, sig } of signatures) {
      const own = brought.get(keyid)
      const key = own?.key ?? this.state.keys.get(keyid)
      if (key === undefined) continue
      const { vkey } = parseKeyText(key.key, key.purpose, this.#suite)
      // A known key's bad signature condemns the whole: somebody altered what was signed.
      if (vkey === undefined || !this.#suite.verifyEd25519(vkey.publicKey, message, sig))
        return { rule: 'bad-signature' }
      brought.delete(keyid)
      if (own !== undefined) {
        if (kind.selfSigned && kind.purposes.includes(key.purpose)) signers.set(keyid, own)
        continue
      }
      authentic = true
      const found = this.#registered(keyid, kind)
      if (typeof found === 'string') reason = found
      else signers.set(keyid, found)
    }
    if (signers.size === 0) return { rule: reason, authentic }
    return brought.size > 0 ? { rule: 'unproven-key', authentic } : { signers: [...signers.values()] }
  }

  /** New keys that a statement brings and that can sign it, by id. */
  #brought(kind: Kind<unknown>, body: unknown): Map<string, Signer> {
    const brought = new Map<string, Signer>()
    for (const { member, keys } of kind.brings?.(body) ?? []) {
      for (const { purpose, key } of keys) {
        const { id, vkey } = parseKeyText(key, purpose, this.#suite)
        // Post-quantum and model keys do not sign envelopes; what they are to sign is checked there.
        if (vkey?.publicKey.length !== 32 || this.state.keys.has(id)) continue
        brought.set(id, { keyid: id, key: { member: member.id, purpose, key }, member })
      }
    }
    return brought
  }

  #registered(keyid: string, kind: Kind<unknown>): Signer | Rule {
    const { state } = this
    const key = state.keys.get(keyid)!
    if (key.revoked !== null) return 'key-revoked'
    if (key.until !== null && key.until <= state.time) return 'key-expired'
    if (!kind.purposes.includes(key.purpose)) return 'wrong-purpose'
    const member = state.members.get(key.member)!
    if (!(kind.standing ?? ACTIVE).includes(member.status)) return 'member-not-active'
    if (kind.roles !== undefined && !kind.roles.some(role => member.roles.includes(role))) return 'wrong-role'
    return { keyid, key, member }
  }

  /** A statement that was handed in is in the log now, effective or void: its outcome names the rule. */
  #settleHandIn(digest: string, index: number): void {
    const { handIns, open } = this.state
    const handIn = handIns.get(digest)
    if (handIn === undefined || handIn.done !== null) return
    handIns.update(digest, { done: index })
    open.delete(`hand-in ${digest}`)
  }

  #keepDigest(): void {
    this.#digests.set(this.size, this.digest())
    if (this.#digests.size <= DIGESTS_KEPT) return
    const oldest = this.#digests.keys().next().value!
    this.#digests.delete(oldest)
    this.state.digests.delete(oldest)
  }
}

/** Takes the amendments that were due at this size into effect. */
function activate(state: State, size: number): void {
  if (state.pending.length === 0) return
  const due = state.pending.filter(({ at }) => at <= size)
  if (due.length === 0) return
  state.pending = state.pending.filter(({ at }) => at > size)
  for (const { terms, rules } of due) {
    state.terms = { ...state.terms, ...terms }
    if (rules !== null) state.rules = rules
  }
}

/** The hex root of a registry's log, as statements write it. */
export function rootHex(registry: Registry): string {
  return toHex(registry.root())
}
