/** Opens a receipt's disclosures against the digests in its statement, and compares bytes with what they name. */

import { fromHex, toHex } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { chunkTreeOf } from '../statement/chunks.ts'
import {
  DISCLOSURES,
  type DisclosureName,
  disclosureDigest,
  parseDisclosure,
} from '../statement/disclosure.ts'
import type { Suite } from '../suite.ts'
import type { Reason } from './claims.ts'

export type Opened =
  | { state: 'opened'; value: JsonObject }
  | { state: 'absent' }
  | { state: 'wrong'; reason: Reason; detail: string }

export type Disclosed = Record<DisclosureName, Opened>

/** `digests` are those of the statement, or of both statements of a stream. */
export function openDisclosures(
  texts: Partial<Record<DisclosureName, string>>,
  digests: Partial<Record<DisclosureName, string>>,
  suite: Suite,
): Disclosed {
  const disclosed = {} as Disclosed
  for (const name of DISCLOSURES) disclosed[name] = openOne(name, texts[name], digests[name], suite)
  return disclosed
}

function openOne(
  name: DisclosureName,
  text: string | undefined,
  digest: string | undefined,
  suite: Suite,
): Opened {
  if (text === undefined) return { state: 'absent' }
  if (digest === undefined || disclosureDigest(text, suite) !== digest)
    return {
      state: 'wrong',
      reason: 'disclosure-altered',
      detail: `the ${name} disclosure is not the one recorded`,
    }
  try {
    const disclosure = parseDisclosure(text)
    if (disclosure.name !== name)
      throw new AnswerableError('bad-disclosure', `it is named ${disclosure.name} and recorded as ${name}`)
    return { state: 'opened', value: disclosure.value }
  } catch (error) {
    return { state: 'wrong', reason: 'disclosure-malformed', detail: `${name}: ${errorCode(error)}` }
  }
}

const shape = new Shape('bad-disclosure')

export type Compared = 'same' | 'different' | 'not-given' | 'not-disclosed'

/** Compares bytes that the reader holds with what a request or response disclosure says of them. */
export function compareBytes(
  opened: Opened,
  given: readonly (Uint8Array | undefined)[],
  suite: Suite,
): Compared {
  const texts = given.filter(bytes => bytes !== undefined)
  if (texts.length === 0) return 'not-given'
  if (opened.state === 'absent') return 'not-disclosed'
  if (opened.state === 'wrong') return 'different'
  return texts.every(bytes => isSame(opened.value, bytes, suite)) ? 'same' : 'different'
}

function isSame(value: JsonObject, bytes: Uint8Array, suite: Suite): boolean {
  try {
    if (shape.count(value.length, 'length') !== bytes.length) return false
    if (shape.digest(value.sha256, 'sha256') !== suite.sha256Hex(bytes)) return false
    if (value.chunks === undefined) return true
    // A stream also names its chunks, so that one can be shown alone; the root must be that of these bytes.
    const chunks = shape.object(value.chunks, 'chunks')
    const tree = chunkTreeOf(bytes, fromHex(shape.digest(chunks.key, 'chunks.key')), suite)
    return (
      tree.count === shape.count(chunks.count, 'chunks.count') &&
      toHex(tree.root()) === shape.digest(chunks.root, 'chunks.root')
    )
  } catch {
    return false
  }
}
