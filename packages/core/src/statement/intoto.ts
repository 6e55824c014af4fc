/** in-toto Statement v1 (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md): the frame of every fact. */
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
/** The media type of a statement's bytes, and its DSSE payload type. */
export const STATEMENT_MEDIA_TYPE = 'application/vnd.in-toto+json'
/** Larger statements are refused unread. */
export const MAX_STATEMENT_BYTES = 64 * 1024

export interface Subject {
  name: string
  /** SHA-256 of the subject's bytes, in hex. */
  sha256: string
}

export interface Statement {
  subject: Subject[]
  predicateType: string
  predicate: JsonObject
}

const shape = new Shape('bad-statement')
const MAX_SUBJECTS = 64

/** Reads a statement from its exact bytes. Unknown fields are ignored, as in-toto asks. Throws `bad-statement` and what `parseJson` throws. */
export function parseStatement(bytes: Uint8Array): Statement {
  const root = shape.object(parseJson(bytes, { maxBytes: MAX_STATEMENT_BYTES, maxDepth: 16 }), 'statement')
  shape.literal(root._type, '_type', [STATEMENT_TYPE])
  const names = new Set<string>()
  const subject = shape.array(root.subject, 'subject', MAX_SUBJECTS).map((item, i) => {
    const fields = shape.object(item, `subject[${i}]`)
    const name = shape.string(fields.name, `subject[${i}].name`, 256)
    // Two subjects of one name would let a reader and a checker look at different ones.
    if (names.has(name)) shape.fail(`subject[${i}].name`, 'a name used once')
    names.add(name)
    const digest = shape.object(fields.digest, `subject[${i}].digest`)
    return { name, sha256: shape.digest(digest.sha256, `subject[${i}].digest.sha256`) }
  })
  return {
    subject,
    predicateType: shape.string(root.predicateType, 'predicateType', 256),
    predicate: shape.object(root.predicate, 'predicate'),
  }
}
