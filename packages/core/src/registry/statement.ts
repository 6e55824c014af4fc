/**
 * A registry statement: an in-toto statement about a network, in a DSSE envelope that its authors sign. The subject is
 * the network, by the digest of its charter, so no statement means anything elsewhere; the charter itself has none.
 */
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type JsonObject, Shape } from '../shape.ts'
import {
  type Envelope,
  formatEnvelope,
  MAX_ENVELOPE_BYTES,
  parseEnvelope,
  preAuthEncoding,
} from '../statement/envelope.ts'
import { parseStatement, STATEMENT_MEDIA_TYPE, STATEMENT_TYPE } from '../statement/intoto.ts'

const TYPE_PREFIX = 'https://answerable.dev/registry/'
const TYPE = /^https:\/\/answerable\.dev\/registry\/([a-z][a-z-]{0,63})\/v1$/

export interface RegistryStatement {
  /** One of the kinds in `kinds/`, or one that these rules do not know. */
  kind: string
  /** SHA-256 of the network's charter statement, in hex; absent in a charter. */
  network?: string
  /** The member who states it; others may sign beside. */
  by: string
  /** The author's clock, Unix milliseconds. */
  time: number
  body: JsonObject
}

/** Who signs an envelope: the key's id (hex of an Ed25519 public key), and its signature of DSSE's encoding. */
export interface StatementSigner {
  keyid: string
  sign(message: Uint8Array): Uint8Array
}

const shape = new Shape('bad-statement')

/** The payload's exact bytes. */
export function registryPayload({ kind, network, by, time, body }: RegistryStatement): Uint8Array {
  return utf8(
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: network === undefined ? [] : [{ name: 'network', digest: { sha256: network } }],
      predicateType: `${TYPE_PREFIX}${kind}/v1`,
      predicate: { by, time: new Date(time).toISOString(), ...body },
    }),
  )
}

/** Reads a payload. Throws `bad-statement`, and what `parseJson` throws. */
export function parseRegistryPayload(payload: Uint8Array): RegistryStatement {
  const { subject, predicateType, predicate } = parseStatement(payload)
  const kind = TYPE.exec(predicateType)?.[1]
  if (kind === undefined) return shape.fail('predicateType', 'a kind of registry statement')
  const { by, time, ...body } = predicate
  const author = shape.string(by, 'by', 64)
  const statement: RegistryStatement = { kind, by: author, time: shape.time(time, 'time'), body }
  if (subject.length > 1) shape.fail('subject', 'the network alone')
  if (subject[0] !== undefined) {
    shape.literal(subject[0].name, 'subject name', ['network'])
    statement.network = subject[0].sha256
  }
  return statement
}

/** Signs a payload. The result is an entry of the registry. Throws `too-large`. */
export function signEnvelope(payload: Uint8Array, signers: readonly StatementSigner[]): Uint8Array {
  const message = preAuthEncoding(STATEMENT_MEDIA_TYPE, payload)
  const signatures = signers.map(({ keyid, sign }) => ({ keyid, sig: sign(message) }))
  const bytes = utf8(formatEnvelope({ payloadType: STATEMENT_MEDIA_TYPE, payload, signatures }))
  if (bytes.length > MAX_ENVELOPE_BYTES)
    throw new AnswerableError(
      'too-large',
      `a registry entry has at most ${MAX_ENVELOPE_BYTES} bytes, this one ${bytes.length}`,
    )
  return bytes
}

/** The entry with another signature of the same payload added. */
export function addSignature(entry: Uint8Array, signer: StatementSigner): Uint8Array {
  const { payload, payloadType, signatures } = parseEnvelope(entry)
  const sig = signer.sign(preAuthEncoding(payloadType, payload))
  const others = signatures.filter(({ keyid }) => keyid !== signer.keyid)
  return utf8(formatEnvelope({ payload, payloadType, signatures: [...others, { keyid: signer.keyid, sig }] }))
}

/** Opens an entry. Throws `bad-envelope` where it is none of an in-toto statement. */
export function openEntry(entry: Uint8Array): Envelope {
  const envelope = parseEnvelope(entry)
  if (envelope.payloadType !== STATEMENT_MEDIA_TYPE)
    throw new AnswerableError('bad-envelope', `payloadType: expected ${STATEMENT_MEDIA_TYPE}`)
  return envelope
}
