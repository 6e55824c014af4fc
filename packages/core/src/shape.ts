/**
 * Reading untrusted values: each function returns the value in its type or throws with the path of what was wrong.
 * Small on purpose: core carries no schema library, so that a verifier stays small (docs/decisions/0003).
 */
import { AnswerableError, type ErrorCode } from './error.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** Reads fields of one kind of document; `code` is what a wrong shape is called there. */
export class Shape {
  readonly code: ErrorCode

  constructor(code: ErrorCode) {
    this.code = code
  }

  fail(where: string, expected: string): never {
    throw new AnswerableError(this.code, `${where}: expected ${expected}`)
  }

  object(value: unknown, where: string): JsonObject {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) this.fail(where, 'an object')
    return value as JsonObject
  }

  array(value: unknown, where: string, most: number): Json[] {
    if (!Array.isArray(value)) this.fail(where, 'an array')
    if (value.length > most) this.fail(where, `at most ${most} items`)
    return value
  }

  /** A string of at most `most` UTF-16 units, matching `pattern` where one is given. */
  string(value: unknown, where: string, most: number, pattern?: RegExp, expected = 'a string'): string {
    if (typeof value !== 'string') this.fail(where, expected)
    if (value.length > most) this.fail(where, `at most ${most} characters`)
    if (pattern !== undefined && !pattern.test(value)) this.fail(where, expected)
    return value
  }

  literal<T extends string>(value: unknown, where: string, allowed: readonly T[]): T {
    if (!allowed.includes(value as T)) this.fail(where, allowed.map(name => `"${name}"`).join(' or '))
    return value as T
  }

  /** An integer of 0 to 2^53 - 1. */
  count(value: unknown, where: string): number {
    if (!Number.isSafeInteger(value) || (value as number) < 0) this.fail(where, 'a non-negative integer')
    return value as number
  }

  /** The origin of a log: a word that neither splits nor looks like two. */
  origin(value: unknown, where: string): string {
    return this.string(value, where, 255, ORIGIN, 'the origin of a log')
  }

  /** SHA-256 as 64 lower-case hex digits. */
  digest(value: unknown, where: string): string {
    return this.string(value, where, 64, HEX_DIGEST, 'a SHA-256 digest in lower-case hex')
  }

  /** RFC 3339 in UTC with milliseconds, of a day that exists. Returns Unix milliseconds. */
  time(value: unknown, where: string): number {
    const text = this.string(value, where, 24, TIME, 'a UTC time like 2026-01-31T12:00:00.000Z')
    const time = Date.parse(text)
    // Date.parse rolls 30 February over into March, and hour 24 into the next day: it then is another day's time.
    if (Number.isNaN(time) || new Date(time).getUTCDate() !== Number(text.slice(8, 10)))
      this.fail(where, 'a time that exists')
    return time
  }
}

const ORIGIN = /^[^\s\p{Cc}]+$/u
const HEX_DIGEST = /^[0-9a-f]{64}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
