/**
 * Trust policies (C2SP tlog-policy): which logs and witnesses a reader knows, and which witnesses together make a
 * quorum. A policy is the reader's own file; it never comes with what is being checked.
 *
 *     log <vkey> [<url>]
 *     witness <name> <vkey> [<url>]
 *     group <name> all|any|<k> <member>...
 *     quorum <name>|none
 *
 * Two things are stricter than the specification: octets over 0x7F must be UTF-8, and the last line must end in a
 * newline like all others, so that a file cut off within a line is not read as another policy.
 */
import { toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { boundedText } from '../note/text.ts'
import { formatVkey, parseVkey, type VerifierKey } from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import { isCosignatureKey } from './cosignature.ts'
import { parseDecimal } from './decimal.ts'
import { isLogKey } from './open.ts'

/** The specification asks for at least 32 of each; an operator has a log for every gateway. */
export const POLICY_LIMITS = { bytes: 1024 * 1024, logs: 1024, witnesses: 128, groups: 128 } as const

export interface PolicyLog {
  /** Its name is the log's origin; plain Ed25519 or ML-DSA-44. */
  readonly key: VerifierKey
  readonly url?: string
}

export interface PolicyWitness {
  /** Means something within the policy alone; the key has a name of its own. */
  readonly name: string
  /** Of a cosignature type. */
  readonly key: VerifierKey
  readonly url?: string
}

export interface PolicyGroup {
  readonly name: string
  /** How many members must have witnessed a checkpoint for the group to have: 1 to `members.length`. */
  readonly threshold: number
  /** Names of witnesses and of groups before this one. */
  readonly members: readonly string[]
}

export interface Policy {
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  /** In such an order that members come before their group. */
  readonly groups: readonly PolicyGroup[]
  /** The name of a witness or group, or `none`. */
  readonly quorum: string
}

/** Parses a policy. Throws `bad-policy` with the line's number, `bad-vkey` likewise, `too-large` and `not-utf8`. */
export function parsePolicy(input: Uint8Array | string, suite: Suite): Policy {
  const text = boundedText(input, POLICY_LIMITS.bytes, 'policy')
  if (text !== '' && !text.endsWith('\n')) throw bad('the last line does not end in a newline')
  const draft = new Draft()
  const lines = text.split('\n')
  for (const [at, line] of lines.entries()) {
    try {
      readLine(draft, line, suite)
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
      throw new AnswerableError(error.code, `policy, line ${at + 1}: ${error.message}`, { cause: error })
    }
  }
  return draft.finish()
}

/** A policy's text, by which {@link parsePolicy} gives it again. Throws `bad-policy`. */
export function formatPolicy(policy: Policy): string {
  const draft = new Draft()
  for (const { key, url } of policy.logs) draft.log(key, url)
  for (const { name, key, url } of policy.witnesses) draft.witness(name, key, url)
  for (const group of policy.groups) draft.group(group)
  draft.setQuorum(policy.quorum)
  draft.finish()
  const lines = [
    ...policy.logs.map(({ key, url }) => ['log', formatVkey(key), url]),
    ...policy.witnesses.map(({ name, key, url }) => ['witness', name, formatVkey(key), url]),
    ...policy.groups.map(group => ['group', group.name, thresholdWord(group), ...group.members]),
    ['quorum', policy.quorum],
  ].map(items => items.filter(item => item !== undefined))
  for (const item of lines.flat()) if (!isToken(item)) throw bad(`an item with a space or control character`)
  return boundedText(lines.map(items => `${items.join(' ')}\n`).join(''), POLICY_LIMITS.bytes, 'policy')
}

function readLine(draft: Draft, line: string, suite: Suite): void {
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i)
    if ((unit < 0x20 && unit !== 0x09) || unit === 0x7f) throw bad('a control character')
  }
  const [verb, ...items] = line.split(/[ \t]+/).filter(item => item !== '')
  if (verb === undefined || verb.startsWith('#')) return
  const [first, second, third] = items
  if (verb === 'log' && first !== undefined && items.length <= 2) {
    draft.log(parseVkey(first, suite), second)
  } else if (verb === 'witness' && first !== undefined && second !== undefined && items.length <= 3) {
    draft.witness(first, parseVkey(second, suite), third)
  } else if (verb === 'group' && first !== undefined && second !== undefined && third !== undefined) {
    const members = items.slice(2)
    draft.group({ name: first, threshold: parseThreshold(second, members.length), members })
  } else if (verb === 'quorum' && first !== undefined && items.length === 1) {
    draft.setQuorum(first)
  } else {
    throw bad('not a log, witness, group or quorum line of the right length')
  }
}

function parseThreshold(text: string, members: number): number {
  if (text === 'any') return 1
  if (text === 'all') return members
  const threshold = parseDecimal(text)
  if (threshold === undefined) throw bad('the threshold is not any, all or a decimal number')
  return threshold
}

function thresholdWord({ threshold, members }: PolicyGroup): string {
  return threshold === members.length ? 'all' : threshold === 1 ? 'any' : String(threshold)
}

function isToken(text: string): boolean {
  if (text === '' || !text.isWellFormed()) return false
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) <= 0x20 || text.charCodeAt(i) === 0x7f) return false
  return true
}

/** A policy under construction: the rules, the same for a policy that is read and one that is written. */
class Draft {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: PolicyGroup[] = []
  #quorum: string | undefined
  /** Every defined name, and whether a group has it as a member. */
  readonly #names = new Map<string, boolean>([['none', true]])
  readonly #keys = new Set<string>()

  log(key: VerifierKey, url?: string): void {
    if (this.#logs.length === POLICY_LIMITS.logs) throw bad(`over ${POLICY_LIMITS.logs} logs`)
    if (!isLogKey(key)) throw bad('not a key that a log signs with')
    this.#takeKey('log', key)
    this.#logs.push({ key, ...(url !== undefined && { url }) })
  }

  witness(name: string, key: VerifierKey, url?: string): void {
    if (this.#witnesses.length === POLICY_LIMITS.witnesses)
      throw bad(`over ${POLICY_LIMITS.witnesses} witnesses`)
    if (!isCosignatureKey(key)) throw bad('not a key that a witness signs with')
    this.#takeKey('witness', key)
    this.#define(name)
    this.#witnesses.push({ name, key, ...(url !== undefined && { url }) })
  }

  group({ name, threshold, members }: PolicyGroup): void {
    if (this.#groups.length === POLICY_LIMITS.groups) throw bad(`over ${POLICY_LIMITS.groups} groups`)
    for (const member of members) {
      const taken = this.#names.get(member)
      if (taken === undefined) throw bad(`${member} is not defined before it is used`)
      // A witness that counted on two ways would be two votes of one owner.
      if (taken) throw bad(`${member} cannot be a member, or is one already`)
      this.#names.set(member, true)
    }
    if (!Number.isInteger(threshold) || threshold < 1 || threshold > members.length)
      throw bad(`the threshold is not between 1 and ${members.length}`)
    this.#define(name)
    this.#groups.push({ name, threshold, members: [...members] })
  }

  setQuorum(name: string): void {
    if (this.#quorum !== undefined) throw bad('a second quorum line')
    if (!this.#names.has(name)) throw bad(`${name} is not defined before it is used`)
    this.#quorum = name
  }

  finish(): Policy {
    if (this.#quorum === undefined) throw bad('no quorum line')
    return {
      logs: this.#logs,
      witnesses: this.#witnesses,
      groups: this.#groups,
      quorum: this.#quorum,
    }
  }

  /** Keys are one where the public key is, whatever they are called. */
  #takeKey(kind: string, key: VerifierKey): void {
    const id = `${kind} ${toHex(key.publicKey)}`
    if (this.#keys.has(id)) throw bad(`a second ${kind} with the same public key`)
    this.#keys.add(id)
  }

  #define(name: string): void {
    if (this.#names.has(name)) throw bad(`${name} is defined already`)
    this.#names.set(name, false)
  }
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-policy', message)
}
