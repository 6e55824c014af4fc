/**
 * A completion as a sequence of units: a word with the space before it, or any other sign alone. An API gives text, and
 * two models seldom share a tokenizer, so tokens cannot be compared; words come closest to them. Scripts that write no
 * spaces go sign by sign. Units are hashed: what follows counts them and never shows them.
 */
import { AnswerableError } from '../error.ts'

/** A text longer than this is refused, rather than compared by its beginning without a word. */
export const MOST_TEXT = 65_536
/** Units of a completion that are looked at; also its end is one where it comes before. */
export const MOST_UNITS = 128

const SIGN =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}'
const UNIT = new RegExp(` ?(?:(?![${SIGN}])[\\p{L}\\p{M}\\p{N}]){1,24}|[\\s\\S]`, 'gu')
const END = hashOf('the end of a text')

/** Throws `bad-request` for what is no text, and `too-large`. */
export function unitsOf(text: string, where: string): Uint32Array {
  checkText(text, where)
  const units: number[] = []
  for (const [unit] of text.matchAll(UNIT)) {
    if (units.length === MOST_UNITS) return Uint32Array.from(units)
    units.push(hashOf(unit))
  }
  units.push(END)
  return Uint32Array.from(units)
}

export function checkText(text: unknown, where: string): asserts text is string {
  if (typeof text !== 'string') throw new AnswerableError('bad-request', `${where}: expected text`)
  if (text.length > MOST_TEXT)
    throw new AnswerableError('too-large', `${where}: over ${MOST_TEXT} characters`)
}

/** FNV-1a over UTF-16 units, then mixed. Two texts of one hash count as one: it costs sharpness, never validity. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash, text.length)
}

/** One more unit behind a hash (the finalizer of MurmurHash3). */
export function mix(hash: number, unit: number): number {
  let h = Math.imul(hash, 31) + unit
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
