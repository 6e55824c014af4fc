/** Reading fields of Sigstore's messages as JSON has them (protobuf's JSON mapping): what is not given, or null, is unset. */
import { fromBase64 } from '../../bytes.ts'
import { AnswerableError, messageOf } from '../../error.ts'
import { type Json, type JsonObject, Shape } from '../../shape.ts'
import { type PublicKey, parsePublicKey } from '../../x509/index.ts'

export const shape = new Shape('bad-endorsement')

export function isSet(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null
}

/** An object that may be left out: then it is empty. */
export function optionalObject(value: Json | undefined, where: string): JsonObject {
  return isSet(value) ? shape.object(value, where) : {}
}

export function optionalArray(value: Json | undefined, where: string, most: number): Json[] {
  return isSet(value) ? shape.array(value, where, most) : []
}

/** Standard base64 alone, though the mapping has two alphabets: nobody writes the other. */
export function base64(value: Json | undefined, where: string, most: number): Uint8Array {
  const text = shape.string(value, where, Math.ceil(most / 3) * 4)
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AnswerableError('bad-endorsement', `${where}: expected base64`, { cause })
  }
}

/** A 64-bit integer, which the mapping writes as text; unset is 0. Up to 2^53 - 1. */
export function int64(value: Json | undefined, where: string): number {
  if (!isSet(value)) return 0
  if (typeof value === 'number') return shape.count(value, where)
  return shape.count(Number(shape.string(value, where, 16, /^(?:0|[1-9]\d*)$/, 'an integer')), where)
}

/** A key that signs with the hash of its kind, or `unknown`: one odd key must not make the rest unreadable. */
export function keyOf(spki: Uint8Array): PublicKey {
  try {
    return parsePublicKey(spki)
  } catch (error) {
    messageOf(error)
    return { kind: 'unknown', algorithm: 'unreadable', spki }
  }
}

/** A value, or why it cannot be read. */
export function attempt<T>(read: () => T): T | Error {
  try {
    return read()
  } catch (error) {
    messageOf(error)
    return error as Error
  }
}
