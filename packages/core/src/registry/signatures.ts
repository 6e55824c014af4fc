/** Who signed an entry: its signatures against the keys that are registered and those that it brings. */
import { preAuthEncoding } from '../statement/envelope.ts'
import { STATEMENT_MEDIA_TYPE } from '../statement/intoto.ts'
import type { Suite } from '../suite.ts'
import { parseKeyText } from './key-text.ts'
import type { Kind, Signer } from './kind.ts'
import { isLive } from './membership.ts'
import type { Member } from './records.ts'
import type { Rule } from './rule.ts'
import type { State } from './state.ts'

const ACTIVE = ['active'] as const satisfies readonly Member['status'][]

export interface Signed {
  /** Those who may sign this kind. */
  signers: Signer[]
  /** Ids of all known keys that signed. */
  good: ReadonlySet<string>
  /** Ids of new keys that the statement brings. */
  brought: Pick<ReadonlySet<string>, 'has'>
  /** The rule by which the signatures do not suffice. */
  rule?: Rule
}

export class Signatures {
  readonly #state: State
  readonly #suite: Suite
  readonly #publicKeys = new Map<string, Uint8Array>()

  constructor(state: State, suite: Suite) {
    this.#state = state
    this.#suite = suite
  }

  /** The good signatures of those who may sign this kind, or the rule by which they do not suffice. */
  check(
    kind: Kind<unknown>,
    body: unknown,
    payload: Uint8Array,
    signatures: readonly { keyid: string; sig: Uint8Array }[],
  ): Signed {
    const brought = this.#brought(kind, body)
    const message = preAuthEncoding(STATEMENT_MEDIA_TYPE, payload)
    const signers: Signer[] = []
    const good = new Set<string>()
    let reason: Rule = 'unknown-key'
    for (const { keyid, sig } of signatures) {
      const own = brought.get(keyid)
      const publicKey = own?.publicKey ?? this.#publicKey(keyid)
      if (publicKey === undefined || good.has(keyid)) continue
      // A known key's bad signature condemns the whole: somebody altered what was signed.
      if (!this.#verify(publicKey, message, sig))
        return { signers: [], good: new Set(), brought, rule: 'bad-signature' }
      good.add(keyid)
      const found = own?.signer ?? this.#registered(keyid, kind)
      if (typeof found === 'string') reason = found
      else if (own === undefined || (kind.selfSigned && kind.purposes.includes(found.key.purpose)))
        signers.push(found)
    }
    if (signers.length === 0) return { signers, good, brought, rule: reason }
    for (const id of brought.keys())
      if (!good.has(id)) return { signers, good, brought, rule: 'unproven-key' }
    return { signers, good, brought }
  }

  #verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    return publicKey.length === 32
      ? this.#suite.verifyEd25519(publicKey, message, signature)
      : this.#suite.verifyMlDsa44(publicKey, message, signature)
  }

  /** The key that a registered id stands for. An Ed25519 key's id is the key in hex, and the same few sign most. */
  #publicKey(id: string): Uint8Array | undefined {
    let key = this.#publicKeys.get(id)
    if (key !== undefined) return key
    const record = this.#state.keys.get(id)
    if (record === undefined) return undefined
    key = parseKeyText(record.key, record.purpose, this.#suite).vkey?.publicKey
    if (key !== undefined) this.#publicKeys.set(id, key)
    return key
  }

  /** New keys that a statement brings, by id; each must have signed it. Keys in others' formats cannot, and need not. */
  #brought(kind: Kind<unknown>, body: unknown): Map<string, { signer: Signer; publicKey: Uint8Array }> {
    const brought = new Map<string, { signer: Signer; publicKey: Uint8Array }>()
    for (const { member, keys } of kind.brings?.(body) ?? []) {
      for (const { purpose, key } of keys) {
        const { id, vkey } = parseKeyText(key, purpose, this.#suite)
        if (vkey === undefined || this.#state.keys.has(id)) continue
        const signer = { keyid: id, key: { member: member.id, purpose, key }, member }
        brought.set(id, { signer, publicKey: vkey.publicKey })
      }
    }
    return brought
  }

  #registered(keyid: string, kind: Kind<unknown>): Signer | Rule {
    const state = this.#state
    const key = state.keys.get(keyid)!
    if (key.revoked !== null) return 'key-revoked'
    if (!isLive(state, key)) return 'key-expired'
    if (!kind.purposes.includes(key.purpose)) return 'wrong-purpose'
    const member = state.members.get(key.member)!
    if (!(kind.standing ?? ACTIVE).includes(member.status)) return 'member-not-active'
    if (kind.roles !== undefined && !kind.roles.some(role => member.roles.includes(role))) return 'wrong-role'
    return { keyid, key, member }
  }
}
