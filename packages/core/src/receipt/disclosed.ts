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

/**
 * `digests` are those of the statement, or of both statements of a stream. Where the record is not shown, some of them
 * may be missing, and a disclosure without its digest is then no more than not looked at.
 */
export function openDisclosures(
  texts: Partial<Record<DisclosureName, string>>,
  digests: Partial<Record<DisclosureName, string>>,
  shown: boolean,
  suite: Suite,
): Disclosed {
  const disclosed = {} as Disclosed
  for (const name of DISCLOSURES) {
    const text = shown || digests[name] !== undefined ? texts[name] : undefined
    disclosed[name] = openOne(name, text, digests[name], suite)
  }
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

/** `not-shown`: the record is not, so there is nothing to compare with. */
export type Compared = 'same' | 'different' | 'not-given' | 'not-disclosed' | 'not-shown'

/** Of a request or response: the reader's own bytes, and those that the receipt carries. */
export interface Comparison {
  held: Compared
  carried: Compared
}

/** Compares bytes that the reader holds, or that came along, with what a request or response disclosure says of them. */
export function compareBytes(opened: Opened, bytes: Uint8Array | undefined, suite: Suite): Compared {
  if (bytes === undefined) return 'not-given'
  if (opened.state === 'absent') return 'not-disclosed'
  return opened.state === 'opened' && isSame(opened.value, bytes, suite) ? 'same' : 'different'
}

/**
 * Over this many chunks the chunk root is not computed again. The digest of the whole, which is what the comparison
 * rests on, always is; a root that is wrong shows when one chunk is to be shown by itself.
 */
const MOST_CHUNKS = 2 ** 20

function isSame(value: JsonObject, bytes: Uint8Array, suite: Suite): boolean {
  try {
    if (shape.count(value.length, 'length') !== bytes.length) return false
    if (shape.digest(value.sha256, 'sha256') !== suite.sha256Hex(bytes)) return false
    if (value.chunks === undefined) return true
    // A stream also names its chunks, so that one can be shown alone; the root must be that of these bytes.
    const chunks = shape.object(value.chunks, 'chunks')
    const key = fromHex(shape.digest(chunks.key, 'chunks.key'))
    const count = shape.count(chunks.count, 'chunks.count')
    const root = shape.digest(chunks.root, 'chunks.root')
    if (count > MOST_CHUNKS) return count <= bytes.length
    const tree = chunkTreeOf(bytes, key, suite, count)
    return tree.count === count && toHex(tree.root()) === root
  } catch {
    return false
  }
}
