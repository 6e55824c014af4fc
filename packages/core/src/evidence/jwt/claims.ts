/** Claims of a signed token, of which nothing is taken that is not of its type. */
import { fromHex, utf8 } from '../../bytes.ts'
import type { Json, JsonObject } from '../../shape.ts'
import { shownText } from '../text.ts'

const MOST_TEXTS = 32
const DIGEST = /^[0-9a-f]{64}$/
const HEX = /^(?:[0-9a-f]{2})+$/i
const MOST_HEX = 512

export function objectClaim(claims: JsonObject, name: string): JsonObject | undefined {
  const value = claims[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}

/** For showing; of a number its digits. */
export function textClaim(claims: JsonObject | undefined, name: string): string | undefined {
  const value = claims?.[name]
  if (typeof value === 'number') return `${value}`
  return typeof value === 'string' ? shownText(value) : undefined
}

/** For showing; a text by itself is a list of one. */
export function textsClaim(claims: JsonObject | undefined, name: string): string[] {
  return textsOf(claims?.[name]).map(one => shownText(one))
}

/** Exactly as they are, and bounded in number. */
export function textsOf(value: Json | undefined): string[] {
  const list = Array.isArray(value) ? value : [value]
  return list.filter(one => typeof one === 'string').slice(0, MOST_TEXTS)
}

/** In lower case; undefined where it is no hex. */
export function hexClaim(claims: JsonObject | undefined, name: string): string | undefined {
  const value = claims?.[name]
  return typeof value === 'string' && value.length <= MOST_HEX && HEX.test(value)
    ? value.toLowerCase()
    : undefined
}

/** What a text bound into a token stands for: 32 bytes, where it is those in lower-case hex, else the text itself. */
export function boundBytes(text: string): Uint8Array {
  return DIGEST.test(text) ? fromHex(text) : utf8(text)
}

/** The facts among these that there are. */
export function facts(entries: Record<string, Json | undefined>): JsonObject {
  const found: JsonObject = {}
  for (const [name, value] of Object.entries(entries))
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) found[name] = value
  return found
}
