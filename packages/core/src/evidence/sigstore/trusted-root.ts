/**
 * Sigstore's trusted root (dev.sigstore.trustroot.v1.TrustedRoot, as JSON): the authorities that certify identities, and
 * the logs of certificates and of signatures, each with its time. Reading it believes nothing: it counts by its digest.
 */
import { toHex } from '../../bytes.ts'
import { messageOf } from '../../error.ts'
import { parseJson } from '../../json.ts'
import type { Json, JsonObject } from '../../shape.ts'
import { type Certificate, type PublicKey, parseCertificate } from '../../x509/index.ts'
import { base64, isSet, keyOf, optionalArray, optionalObject, shape } from './fields.ts'

/** Unix milliseconds, both within. */
export interface Span {
  from: number
  until: number
}

export interface Authority {
  /** From the one that issues up to the one that is trusted. */
  chain: Certificate[]
  span: Span
}

export interface TransparencyLog {
  url: string
  /** By which entries and checkpoints name it, in hex. */
  id: string
  key: PublicKey
  span: Span
}

export interface TrustedRoot {
  authorities: Authority[]
  /** That date signatures (RFC 3161). */
  timestampAuthorities: Authority[]
  /** Logs of signatures (Rekor). */
  logs: TransparencyLog[]
  /** Logs of certificates (RFC 6962). */
  certificateLogs: TransparencyLog[]
}

export const MAX_TRUSTED_ROOT_BYTES = 512 * 1024
const MOST = 64
const MOST_IN_CHAIN = 8
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

/** Throws `bad-endorsement`, and what `parseJson` throws. */
export function parseTrustedRoot(bytes: Uint8Array): TrustedRoot {
  const root = shape.object(
    parseJson(bytes, { maxBytes: MAX_TRUSTED_ROOT_BYTES, maxDepth: 12, maxKeys: 8192 }),
    'trusted root',
  )
  shape.string(root.mediaType, 'mediaType', 128, MEDIA_TYPE, 'a trusted root of version 0.1 or 0.2')
  return {
    authorities: authoritiesOf(root.certificateAuthorities, 'certificateAuthorities'),
    timestampAuthorities: authoritiesOf(root.timestampAuthorities, 'timestampAuthorities'),
    logs: logsOf(root.tlogs, 'tlogs'),
    certificateLogs: logsOf(root.ctlogs, 'ctlogs'),
  }
}

function authoritiesOf(value: Json | undefined, where: string): Authority[] {
  return optionalArray(value, where, MOST).flatMap((one, i) => authorityOf(one, `${where}[${i}]`) ?? [])
}

/** Undefined for one whose certificates cannot be read here: whatever it certifies is not believed, the rest is. */
function authorityOf(value: Json, where: string): Authority | undefined {
  const fields = shape.object(value, where)
  const chain = shape.object(fields.certChain, `${where}.certChain`)
  const ders = shape
    .array(chain.certificates, `${where}.certificates`, MOST_IN_CHAIN)
    .map((one, i) => base64(shape.object(one, where).rawBytes, `${where}.certificates[${i}]`, 16 * 1024))
  if (ders.length === 0) shape.fail(`${where}.certificates`, 'at least one')
  const span = spanOf(fields.validFor, where)
  try {
    return { chain: ders.map(parseCertificate), span }
  } catch (error) {
    messageOf(error)
    return undefined
  }
}

function logsOf(value: Json | undefined, where: string): TransparencyLog[] {
  return optionalArray(value, where, MOST).map((one, i) => {
    const fields = shape.object(one, `${where}[${i}]`)
    const key = shape.object(fields.publicKey, `${where}[${i}].publicKey`)
    // Where a log signs its checkpoints under another name for its key, that one stands beside.
    const id = isSet(fields.checkpointKeyId) ? fields.checkpointKeyId : fields.logId
    return {
      url: shape.string(fields.baseUrl, `${where}[${i}].baseUrl`, 1024),
      id: toHex(base64(shape.object(id, `${where}[${i}].logId`).keyId, `${where}[${i}].logId.keyId`, 64)),
      key: keyOf(base64(key.rawBytes, `${where}[${i}].publicKey.rawBytes`, 8192)),
      span: spanOf(key.validFor, `${where}[${i}].publicKey`),
    }
  })
}

function spanOf(value: Json | undefined, where: string): Span {
  const { start, end }: JsonObject = optionalObject(value, `${where}.validFor`)
  return {
    from: isSet(start) ? timeOf(start, `${where}.validFor.start`) : Number.NEGATIVE_INFINITY,
    until: isSet(end) ? timeOf(end, `${where}.validFor.end`) : Number.POSITIVE_INFINITY,
  }
}

function timeOf(value: Json, where: string): number {
  const time = Date.parse(shape.string(value, where, 32, TIME, 'a time in UTC'))
  return Number.isNaN(time) ? shape.fail(where, 'a time that exists') : time
}

export function isWithin({ from, until }: Span, time: number): boolean {
  return from <= time && time <= until
}
