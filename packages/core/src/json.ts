/**
 * Strict JSON (RFC 8259) for input that somebody signed or will: what RFC 7493 (I-JSON) forbids because two readers
 * would understand it differently is refused, except about numbers, which are what `JSON.parse` makes of them (the
 * nearest double, so an integer over 2^53 loses digits and 1e999 is Infinity; a schema bounds them).
 */
import { AnswerableError } from './error.ts'
import { diagnose } from './json-diagnose.ts'
import { boundedText } from './note/text.ts'

export interface JsonLimits {
  /** Bytes of UTF-8; 1 MiB unless told. */
  readonly maxBytes?: number
  /** Objects and arrays within one another; `[]` has depth 1; 64 unless told. */
  readonly maxDepth?: number
  /** Members of all objects together; 65,536 unless told. */
  readonly maxKeys?: number
}

/**
 * The value of a JSON text. A member named `__proto__` is an ordinary own property. Throws `too-large` (bytes or
 * members), `not-utf8`, `too-deep`, `bad-json` with line and column (also for a string with a lone surrogate, which
 * has no UTF-8), and `duplicate-key` with the member's JSON Pointer.
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): unknown {
  const { maxBytes = 1024 * 1024, maxDepth = 64, maxKeys = 65_536 } = limits
  const text = boundedText(input, maxBytes, 'JSON')
  // Before parsing, so that no engine's stack meets an unbounded depth.
  const members = countMembers(text, maxDepth)
  if (members > maxKeys) throw new AnswerableError('too-large', `JSON: over ${maxKeys} members`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new AnswerableError('bad-json', `JSON: ${problemOf(text)}`, { cause })
  }
  // The text is valid here, so each colon outside strings is a member, and a value with fewer keys lost some of them
  // to members of the same name. This costs a fraction of collecting names during a scan of our own.
  if (members > 1 && countKeys(value) !== members)
    throw new AnswerableError('duplicate-key', `JSON: ${problemOf(text)}`)
  if (text.includes('\\u') && /\\u[dD][89a-fA-F]/.test(text) && !isWellFormed(value))
    throw new AnswerableError('bad-json', 'JSON: a string with a lone surrogate')
  return value
}

/** Colons outside strings. Throws `too-deep`. On invalid text the count means nothing. */
function countMembers(text: string, maxDepth: number): number {
  let depth = 0
  let members = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x22) {
      do {
        i = text.indexOf('"', i + 1)
        if (i < 0) return members
      } while (isEscaped(text, i))
    } else if (unit === 0x3a) {
      members++
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > maxDepth) throw new AnswerableError('too-deep', `JSON: nested over ${maxDepth} deep`)
    } else if (unit === 0x7d || unit === 0x5d) {
      depth--
    }
  }
  return members
}

/** Whether an odd number of backslashes stands before this place. */
function isEscaped(text: string, at: number): boolean {
  let start = at
  while (text.charCodeAt(start - 1) === 0x5c) start--
  return (at - start) % 2 === 1
}

function countKeys(root: unknown): number {
  let keys = 0
  const open = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    const children = Object.values(value)
    if (!Array.isArray(value)) keys += children.length
    for (const child of children) if (typeof child === 'object') open.push(child)
  }
  return keys
}

function isWellFormed(root: unknown): boolean {
  const open = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string' && !value.isWellFormed()) return false
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value) && Object.keys(value).some(key => !key.isWellFormed())) return false
    for (const child of Object.values(value)) open.push(child)
  }
  return true
}

function problemOf(text: string): string {
  return diagnose(text) ?? 'not accepted by this platform’s parser'
}
