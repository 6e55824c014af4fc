/**
 * AWS Nitro Enclaves attestation documents ("Nitro Enclaves Attestation Process", sections 2.2 and 3.2): CBOR in a
 * COSE_Sign1 that is signed with ES384. Read strictly, and not yet believed.
 */
import { AnswerableError, errorCode } from '../../error.ts'
import { type Certificate, parseCertificate } from '../../x509/index.ts'
import { type Cbor, type CborMap, readCbor } from '../cose/cbor.ts'
import { type CoseSign1, parseCoseSign1 } from '../cose/sign1.ts'

export interface NitroDocument {
  cose: CoseSign1
  /** Of the hypervisor that signed: the instance, and the enclave on it. */
  moduleId: string
  /** Unix milliseconds. */
  timestamp: number
  /** SHA-384, by register. */
  pcrs: ReadonlyMap<number, Uint8Array>
  /** The leaf and the rest, root first; or why one of them cannot be read. */
  certificates: { leaf: Certificate; bundle: Certificate[] } | { fault: string }
  publicKey?: Uint8Array
  userData?: Uint8Array
  nonce?: Uint8Array
}

const MAX_PAYLOAD_BYTES = 16_384
/** With header and signature around the payload. */
export const MAX_NITRO_BYTES = MAX_PAYLOAD_BYTES + 128
const MAX_CERTIFICATE = 1024
const MOST_CERTIFICATES = 8
const PCRS = 32
const FIELDS = new Set<unknown>([
  'module_id',
  'digest',
  'timestamp',
  'pcrs',
  'certificate',
  'cabundle',
  'public_key',
  'user_data',
  'nonce',
])

/**
 * Reads the exact bytes of one document. Throws `truncated`, `trailing-bytes`, `too-large`, `too-deep`, `duplicate-key`,
 * `indefinite-length`, `unknown-algorithm` and `bad-evidence`.
 */
export function parseNitroDocument(bytes: Uint8Array): NitroDocument {
  const cose = parseCoseSign1(bytes, MAX_NITRO_BYTES)
  if (cose.algorithm !== 'ES384')
    throw new AnswerableError('unknown-algorithm', `Nitro: signed by ${cose.algorithm} where ES384 belongs`)
  // Hypervisors leave the length of this one map open since 2025, and of nothing else.
  const root = readCbor(cose.payload, {
    maxBytes: MAX_PAYLOAD_BYTES,
    maxDepth: 2,
    maxItems: 64,
    openMap: true,
  })
  if (!(root instanceof Map)) throw bad('document', 'a map')
  const fields: CborMap = root
  for (const key of fields.keys()) if (!FIELDS.has(key)) throw bad('document', 'the fields that AWS names')
  const moduleId = fields.get('module_id')
  if (typeof moduleId !== 'string' || moduleId === '' || moduleId.length > 256)
    throw bad('module_id', '1 to 256 characters')
  if (fields.get('digest') !== 'SHA384') throw bad('digest', '"SHA384"')
  const timestamp = fields.get('timestamp')
  if (typeof timestamp !== 'number' || timestamp <= 0 || timestamp > 8.64e15)
    throw bad('timestamp', 'Unix milliseconds')
  const cabundle = fields.get('cabundle')
  if (!Array.isArray(cabundle) || cabundle.length === 0 || cabundle.length > MOST_CERTIFICATES)
    throw bad('cabundle', `1 to ${MOST_CERTIFICATES} certificates`)
  const leaf = byteString(fields.get('certificate'), 'certificate', 1, MAX_CERTIFICATE)
  const bundle = cabundle.map((one, i) => byteString(one, `cabundle[${i}]`, 1, MAX_CERTIFICATE))
  const publicKey = optional(fields, 'public_key', 1, 1024)
  const userData = optional(fields, 'user_data', 0, 512)
  const nonce = optional(fields, 'nonce', 0, 512)
  return {
    cose,
    moduleId,
    timestamp,
    pcrs: pcrsOf(fields.get('pcrs')),
    certificates: certificatesOf(leaf, bundle),
    ...(publicKey && { publicKey }),
    ...(userData && { userData }),
    ...(nonce && { nonce }),
  }
}

function pcrsOf(value: Cbor | undefined): Map<number, Uint8Array> {
  if (!(value instanceof Map) || value.size === 0 || value.size > PCRS)
    throw bad('pcrs', `a map of 1 to ${PCRS} registers`)
  const pcrs = new Map<number, Uint8Array>()
  for (const [index, content] of value as CborMap) {
    if (typeof index !== 'number' || index < 0 || index >= PCRS) throw bad('pcrs', 'registers 0 to 31')
    const register = byteString(content, `pcrs[${index}]`, 32, 64)
    if (register.length % 16 !== 0) throw bad(`pcrs[${index}]`, '32, 48 or 64 bytes')
    pcrs.set(index, register)
  }
  return pcrs
}

function byteString(value: Cbor | undefined, where: string, least: number, most: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < least || value.length > most)
    throw bad(where, `${least} to ${most} bytes`)
  return value
}

/** Hypervisors write null for what the enclave left out. */
function optional(fields: CborMap, name: string, least: number, most: number): Uint8Array | undefined {
  const value = fields.get(name)
  return value === undefined || value === null ? undefined : byteString(value, name, least, most)
}

function certificatesOf(leaf: Uint8Array, bundle: readonly Uint8Array[]): NitroDocument['certificates'] {
  try {
    return { leaf: parseCertificate(leaf), bundle: bundle.map(parseCertificate) }
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return { fault: (error as Error).message }
  }
}

function bad(where: string, expected: string): AnswerableError {
  return new AnswerableError('bad-evidence', `Nitro: ${where}: expected ${expected}`)
}
