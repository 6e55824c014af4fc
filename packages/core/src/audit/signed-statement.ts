/**
 * What auditors and operators say to each other, signed by one member key: an in-toto statement about a network in a
 * DSSE envelope, as in the registry, of a type of its own, so that neither is ever taken for the other.
 */
import { equal, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseKeyText } from '../registry/key-text.ts'
import { isLive } from '../registry/membership.ts'
import type { Member, RegisteredKey } from '../registry/records.ts'
import { type StatementSigner, signEnvelope } from '../registry/statement.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { formatEnvelope, parseEnvelope, preAuthEncoding } from '../statement/envelope.ts'
import { parseStatement, STATEMENT_MEDIA_TYPE, STATEMENT_TYPE } from '../statement/intoto.ts'
import type { Suite } from '../suite.ts'

const TYPE_PREFIX = 'https://answerable.dev/audit/'
/** Of one envelope: digests and numbers, never content. */
export const MAX_SIGNED_BYTES = 8 * 1024

export const shape = new Shape('bad-statement')

/** What every one of them says. */
export interface Said {
  /** SHA-256 of the network's charter statement, in hex. */
  network: string
  /** The member who says it. */
  by: string
  /** The author's clock, Unix milliseconds. */
  time: number
  /** Of the record in question. */
  log: string
  index: number
}

/** An envelope that is read and not believed yet. */
export interface Signed<T extends Said = Said> {
  said: T
  /** SHA-256 of the payload, in hex: by this others name it. */
  digest: string
  payload: Uint8Array
  keyid: string
  sig: Uint8Array
}

/** Says something: the envelope's exact bytes. */
export function sign(kind: string, { network, ...predicate }: Said, signer: StatementSigner): Uint8Array {
  const payload = utf8(
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: [{ name: 'network', digest: { sha256: network } }],
      predicateType: `${TYPE_PREFIX}${kind}/v1`,
      predicate: { ...predicate, time: new Date(predicate.time).toISOString() },
    }),
  )
  return signEnvelope(payload, [signer])
}

/**
 * Reads an envelope of one signature and one spelling. `parse` gives the fields of its kind; a field that it does not
 * know is refused, so that nothing is signed that nobody reads. Throws `bad-envelope`, `bad-statement`, and what
 * `parseJson` throws.
 */
export function openSigned<T extends Said>(
  kind: string,
  bytes: Uint8Array,
  parse: (predicate: JsonObject) => Omit<T, keyof Said>,
  suite: Suite,
): Signed<T> {
  if (bytes.length > MAX_SIGNED_BYTES)
    throw new AnswerableError('too-large', `an envelope here has at most ${MAX_SIGNED_BYTES} bytes`)
  const envelope = parseEnvelope(bytes)
  const { payload, payloadType, signatures } = envelope
  const [signature] = signatures
  if (payloadType !== STATEMENT_MEDIA_TYPE || signatures.length !== 1 || signature === undefined)
    throw new AnswerableError('bad-envelope', `expected one signature of ${STATEMENT_MEDIA_TYPE}`)
  if (!equal(utf8(formatEnvelope(envelope)), bytes))
    throw new AnswerableError('bad-envelope', 'not spelt as envelopes are written here')
  const { subject, predicateType, predicate } = parseStatement(payload)
  shape.literal(predicateType, 'predicateType', [`${TYPE_PREFIX}${kind}/v1`])
  if (subject.length !== 1 || subject[0]!.name !== 'network') shape.fail('subject', 'the network alone')
  const { by, time, log, index, ...rest } = predicate
  const said = {
    network: subject[0]!.sha256,
    by: shape.string(by, 'by', 64),
    time: shape.time(time, 'time'),
    log: shape.origin(log, 'log'),
    index: shape.count(index, 'index'),
    ...parse(rest),
  } as T
  return { said, digest: suite.sha256Hex(payload), payload, keyid: signature.keyid, sig: signature.sig }
}

/** Throws `bad-statement` for any field besides these. */
export function only(fields: JsonObject, known: readonly string[], where = 'predicate'): void {
  const other = Object.keys(fields).find(name => !known.includes(name))
  if (other !== undefined) shape.fail(`${where}.${other.slice(0, 64)}`, 'no such field')
}

/** What of the registry's state says whose a signature is. */
export interface Registered {
  readonly network: string
  readonly time: number
  readonly members: { get(id: string): Member | undefined }
  readonly keys: { get(id: string): RegisteredKey | undefined }
}

/**
 * The member who signed it with a live member key of its own, and in whose name it speaks; undefined where that is
 * nobody the registry knows. Of which standing the member is, the caller asks.
 */
export function signerOf(signed: Signed, state: Registered, suite: Suite): Member | undefined {
  const { said, payload, keyid, sig } = signed
  const key = state.keys.get(keyid)
  if (said.network !== state.network || key === undefined || key.member !== said.by) return undefined
  if (key.purpose !== 'member' || !isLive(state, key)) return undefined
  const publicKey = parseKeyText(key.key, 'member', suite).vkey?.publicKey
  if (publicKey === undefined) return undefined
  const good = suite.verifyEd25519(publicKey, preAuthEncoding(STATEMENT_MEDIA_TYPE, payload), sig)
  return good ? state.members.get(key.member) : undefined
}
