/** What a kind of statement is: its schema, who may sign it, when it counts, and what it then does. */
import type { JsonObject } from '../shape.ts'
import type { Suite } from '../suite.ts'
import type { Member, Purpose, RegisteredKey, Role } from './records.ts'
import type { Rule } from './rule.ts'
import type { State } from './state.ts'

/** A good signature by a key that is registered, or that the statement itself brings where its kind allows that. */
export interface Signer {
  keyid: string
  key: Pick<RegisteredKey, 'member' | 'purpose' | 'key'>
  member: Pick<Member, 'id' | 'ownerGroup' | 'roles' | 'status'>
}

/** What a rule may ask of the log that it is part of, as of before the entry. */
export interface LogView {
  readonly size: number
  root(): Uint8Array
  /** The state digest of a due size that is not long past. */
  digestAt(size: number): string | undefined
  /** Whether a statement was in the log lately, effective or void. */
  has(digest: string): boolean
}

/** A statement whose signatures are good and whose signers may sign its kind. */
export interface Stated<T> {
  body: T
  /** SHA-256 of the payload, in hex: by this statements name each other. */
  digest: string
  index: number
  /** The author's clock, Unix milliseconds. */
  time: number
  /** At least one. */
  signers: readonly Signer[]
  /** The author. */
  by: Signer
  log: LogView
  suite: Suite
}

/** Keys that a statement brings. Each that is new must have signed it, so that nobody registers another's key. */
export interface Brought {
  member: Signer['member']
  keys: readonly { purpose: Purpose; key: string }[]
}

export interface Kind<T> {
  /** The schema. Throws `bad-statement`, `bad-vkey` and their like; the entry then is void. */
  parse(body: JsonObject, suite: Suite): T
  /** Purposes of the keys that may sign it. */
  readonly purposes: readonly Purpose[]
  /** Roles, one of which the signer's member has. */
  readonly roles?: readonly Role[]
  /** Standings in which a member may state it; `active` alone unless told. */
  readonly standing?: readonly Member['status'][]
  brings?(body: T): readonly Brought[]
  /** Whether new keys that it brings count as its signers: a charter's, an application's. */
  readonly selfSigned?: boolean
  /** Whether signatures besides the author's decide what comes of it, so that leaving some out makes it another. */
  readonly cosigned?: boolean
  /**
   * Whether its author's clock may be ahead of registry time by any amount. It must be, for what starts a clock again
   * that stood still; and no second copy of it may take effect, however late.
   */
  readonly timeless?: boolean
  /** Whether an author whose share is used up has some more of it: what the network is put right with. */
  readonly spare?: boolean
  /** Whether this one counts against no share: without ticks no new epoch, and without that no new share. */
  free?(state: State, body: T, group: string): boolean
  /** Preconditions: the rule that forbids it, if one does. Changes nothing. */
  check(state: State, stated: Stated<T>): Rule | undefined
  /** The effect. Called only where `check` forbade nothing. */
  apply(state: State, stated: Stated<T>): void
}

/** Owner groups of signers. */
export function groupsOf(signers: readonly Signer[]): Set<string> {
  return new Set(signers.map(({ member }) => member.ownerGroup))
}
