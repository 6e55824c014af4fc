/**
 * JSON as Python reads and writes it (`json.loads`, then `json.dumps(value, sort_keys=True)`): what OpenGradient's gateway
 * hashes. Python tells 1 from 1.0 and keeps integers of any length, so numbers are kept as they were written.
 */
import { AnswerableError } from '../../error.ts'
import { type JsonLimits, parseJson } from '../../json.ts'
import { compareNames } from '../../model/manifest.ts'
import { boundedText } from '../../note/text.ts'

/** A number as it was written. */
export class PythonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type PythonJson = null | boolean | string | PythonNumber | PythonJson[] | PythonObject
export type PythonObject = Map<string, PythonJson>

export interface PythonLimits extends JsonLimits {
  maxBytes: number
}

const MAX_DEPTH = 64
const MAX_DIGITS = 400
const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null/y
const SPACE = /[ \t\n\r]*/y

/** As strict as `parseJson`, and throws what it throws. */
export function readPythonJson(input: Uint8Array | string, limits: PythonLimits): PythonJson {
  const text = boundedText(input, limits.maxBytes, 'JSON')
  parseJson(text, { ...limits, maxDepth: Math.min(limits.maxDepth ?? MAX_DEPTH, MAX_DEPTH) })
  // It is valid JSON from here on, and no deeper than that.
  let at = 0
  const next = (): string => {
    SPACE.lastIndex = at
    SPACE.exec(text)
    TOKEN.lastIndex = SPACE.lastIndex
    const [token] = TOKEN.exec(text)!
    at = TOKEN.lastIndex
    return token
  }
  const value = (token: string): PythonJson => {
    if (token === '{') {
      const object: PythonObject = new Map()
      for (let key = next(); key !== '}'; ) {
        next()
        object.set(JSON.parse(key) as string, value(next()))
        const after = next()
        key = after === ',' ? next() : after
      }
      return object
    }
    if (token === '[') {
      const list: PythonJson[] = []
      for (let item = next(); item !== ']'; ) {
        list.push(value(item))
        const after = next()
        item = after === ',' ? next() : after
      }
      return list
    }
    if (token.startsWith('"')) return JSON.parse(token) as string
    if (token === 'null') return null
    return token === 'true' || token === 'false' ? token === 'true' : new PythonNumber(token)
  }
  return value(next())
}

/** Throws `bad-format` for an integer of more digits than anybody means. */
export function writePythonJson(value: PythonJson): string {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (typeof value === 'string') return quoted(value)
  if (value instanceof PythonNumber) return numberText(value)
  if (Array.isArray(value)) return `[${value.map(writePythonJson).join(', ')}]`
  // Python sorts by code point, JavaScript by UTF-16 unit, which differs beyond U+FFFF.
  const members = [...value].sort(([a], [b]) => compareNames(a, b))
  return `{${members.map(([key, one]) => `${quoted(key)}: ${writePythonJson(one)}`).join(', ')}}`
}

const SHORT: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
}

/** In ASCII: all else is written as UTF-16 units. */
function quoted(text: string): string {
  const escaped = text.replace(
    /[^ -~]|["\\]/g,
    unit => SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `"${escaped}"`
}

function numberText({ text }: PythonNumber): string {
  if (text.length > MAX_DIGITS)
    throw new AnswerableError('bad-format', `JSON: a number of over ${MAX_DIGITS} characters`)
  return isInteger(text) ? BigInt(text).toString() : floatText(Number(text))
}

function isInteger(text: string): boolean {
  return !/[.eE]/.test(text)
}

/** Whatever the number was, as a float. */
export function asFloat({ text }: PythonNumber): PythonNumber {
  return isInteger(text) ? new PythonNumber(floatText(Number(text))) : new PythonNumber(text)
}

/**
 * `repr` of a float. Both languages write the fewest digits that are read back as the same number; Python has an exponent of
 * two digits or more from 1e16 up and below 1e-4, and never leaves out that it is a float.
 */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa = '', exponentText] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent >= 16 || exponent < -4) {
    const digits = String(Math.abs(exponent)).padStart(2, '0')
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`
  }
  const sign = value < 0 ? '-' : ''
  const digits = mantissa.replace(/[-.]/g, '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/** Whether Python takes it for true: what the gateway leaves out of a request is what is not. */
export function isTruthy(value: PythonJson | undefined): boolean {
  if (value === undefined || value === null || value === false || value === '') return false
  if (value instanceof PythonNumber) return Number(value.text) !== 0
  if (Array.isArray(value)) return value.length > 0
  return value instanceof Map ? value.size > 0 : true
}
