/**
 * COSE_Sign1 (RFC 9052 section 4.2): a payload, one signature, and headers. What is not signed may say nothing: an
 * unprotected header must be empty, and the protected one holds the algorithm alone.
 */
import { concat, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { EcdsaCurve, RsaScheme, Suite } from '../../suite.ts'
import { checkSignature, ecdsaDer, type PublicKey } from '../../x509/index.ts'
import { type CborMap, cborHead, readCbor } from './cbor.ts'

export type CoseAlgorithm = 'ES256' | 'ES384'

export interface CoseSign1 {
  algorithm: CoseAlgorithm
  payload: Uint8Array
  signature: Uint8Array
  /** The exact bytes that are signed (section 4.4), with no external data. */
  signed: Uint8Array
}

/** COSE_Sign1's tag, 18, which may stand before it. */
const TAGGED = 0xd2
/** Header parameter: the algorithm (section 3.1). */
const ALG = 1
/** RFC 9053 section 2.1. */
const ALGORITHMS = new Map<unknown, CoseAlgorithm>([
  [-7, 'ES256'],
  [-35, 'ES384'],
])
const CURVES: Record<CoseAlgorithm, { curve: EcdsaCurve; hash: RsaScheme['hash']; size: number }> = {
  ES256: { curve: 'P-256', hash: 'SHA-256', size: 32 },
  ES384: { curve: 'P-384', hash: 'SHA-384', size: 48 },
}
const MAX_HEADER_BYTES = 64

/** Throws as `readCbor` does, and `unknown-algorithm`. */
export function parseCoseSign1(bytes: Uint8Array, maxBytes: number): CoseSign1 {
  const untagged = bytes[0] === TAGGED ? bytes.subarray(1) : bytes
  const parts = readCbor(untagged, { maxBytes, maxDepth: 2, maxItems: 16 })
  if (!Array.isArray(parts) || parts.length !== 4) throw bad('not an array of four')
  const [header, unprotected, payload, signature] = parts
  if (!(header instanceof Uint8Array)) throw bad('the protected header is not in bytes')
  if (!(unprotected instanceof Map)) throw bad('the unprotected header is not a map')
  if (unprotected.size > 0) throw bad('the unprotected header says something')
  if (!(payload instanceof Uint8Array)) throw bad('the payload is not in bytes')
  if (!(signature instanceof Uint8Array)) throw bad('the signature is not in bytes')
  const algorithm = algorithmOf(header)
  if (signature.length !== 2 * CURVES[algorithm].size) throw bad(`a signature of ${signature.length} bytes`)
  return { algorithm, payload, signature, signed: toBeSigned(header, payload) }
}

function algorithmOf(header: Uint8Array): CoseAlgorithm {
  const fields = readCbor(header, { maxBytes: MAX_HEADER_BYTES, maxDepth: 2, maxItems: 8 })
  if (!(fields instanceof Map)) throw bad('the protected header is not a map')
  if ([...(fields as CborMap).keys()].some(key => key !== ALG))
    throw bad('the protected header says more than the algorithm')
  const algorithm = ALGORITHMS.get(fields.get(ALG))
  if (algorithm === undefined)
    throw new AnswerableError(
      'unknown-algorithm',
      `COSE: signed by neither ${[...ALGORITHMS.values()].join(' nor ')}`,
    )
  return algorithm
}

/** Sig_structure (section 4.4). */
function toBeSigned(header: Uint8Array, payload: Uint8Array): Uint8Array {
  const context = utf8('Signature1')
  return concat(
    cborHead('array', 4),
    cborHead('text', context.length),
    context,
    cborHead('bytes', header.length),
    header,
    cborHead('bytes', 0),
    cborHead('bytes', payload.length),
    payload,
  )
}

/** Whether `key` signed it; `unknown-algorithm` where the key is of no curve that the algorithm goes with. */
export function checkCoseSign1(
  { algorithm, signature, signed }: CoseSign1,
  key: PublicKey,
  suite: Suite,
): 'good' | 'bad' | 'unknown-algorithm' {
  const { curve, hash, size } = CURVES[algorithm]
  if (key.kind !== 'ecdsa' || key.curve !== curve) return 'unknown-algorithm'
  const der = ecdsaDer(signature, size)
  return der === undefined ? 'bad' : checkSignature(key, { kind: 'ecdsa', hash }, signed, der, suite)
}

function bad(what: string): AnswerableError {
  return new AnswerableError('bad-evidence', `COSE_Sign1: ${what}`)
}
