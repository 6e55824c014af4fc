/**
 * Signed certificate timestamps in a certificate (RFC 6962 sections 3.2 and 3.3): a log of certificates signs what the
 * authority was about to certify, and the authority puts that signature into the certificate, so that it cannot certify in
 * secret.
 */
import { concat, toHex } from '../../bytes.ts'
import { AnswerableError, messageOf } from '../../error.ts'
import type { Suite } from '../../suite.ts'
import {
  type Certificate,
  contextTag,
  type Der,
  expectTag,
  type PublicKey,
  readDer,
  readOid,
  TAG,
  within,
} from '../../x509/index.ts'
import type { TransparencyLog } from './trusted-root.ts'
import { isWithin } from './trusted-root.ts'

const TIMESTAMPS = '1.3.6.1.4.1.11129.2.4.2'
const MOST = 8

interface CertificateTimestamp {
  logId: string
  /** Unix milliseconds. */
  time: number
  /** What is signed, but for what the certificate adds. */
  head: Uint8Array
  extensions: Uint8Array
  /** Of TLS 1.2 (RFC 5246 section 7.4.1.4.1). */
  hash: number
  algorithm: number
  signature: Uint8Array
}

export type CertificateLogFault = 'no-certificate-timestamp' | 'bad-certificate-timestamp' | 'unknown-log'

/** What is wrong, if anything: every timestamp in the certificate must be good, and there must be one. Never throws. */
export function checkCertificateLog(
  leaf: Certificate,
  issuer: Certificate,
  logs: readonly TransparencyLog[],
  suite: Suite,
): { fault: CertificateLogFault; detail: string } | { urls: string[] } {
  const extension = leaf.extensions.get(TIMESTAMPS)
  if (extension === undefined)
    return { fault: 'no-certificate-timestamp', detail: 'no log of certificates signed it' }
  try {
    const timestamps = readTimestamps(
      expectTag(readDer(extension.value), TAG.octetString, 'timestamps').content,
    )
    const body = withoutTimestamps(leaf)
    const length = Uint8Array.of(body.length >> 16, body.length >> 8, body.length)
    const entry = concat(suite.sha256(issuer.key.spki), length, body)
    const urls: string[] = []
    for (const one of timestamps) {
      const log = logs.find(({ id, span }) => id === one.logId && isWithin(span, one.time))
      if (log === undefined)
        return { fault: 'unknown-log', detail: `your trusted root has no log ${one.logId} at that time` }
      const sized = Uint8Array.of(one.extensions.length >> 8, one.extensions.length)
      if (!isSigned(log.key, one, concat(one.head, entry, sized, one.extensions), suite))
        return { fault: 'bad-certificate-timestamp', detail: `${log.url} did not sign it` }
      if (urls.includes(log.url))
        return { fault: 'bad-certificate-timestamp', detail: `${log.url} signed it twice` }
      urls.push(log.url)
    }
    return urls.length === 0
      ? { fault: 'no-certificate-timestamp', detail: 'no log of certificates signed it' }
      : { urls }
  } catch (error) {
    return { fault: 'bad-certificate-timestamp', detail: messageOf(error) }
  }
}

function isSigned(
  key: PublicKey,
  { hash, algorithm, signature }: CertificateTimestamp,
  message: Uint8Array,
  suite: Suite,
): boolean {
  // SHA-256, the only hash of RFC 6962 section 2.1.4.
  if (hash !== 4) return false
  if (key.kind === 'ecdsa' && algorithm === 3 && key.curve === 'P-256')
    return suite.verifyEcdsa(key.curve, key.point, message, signature)
  if (key.kind === 'rsa' && algorithm === 1)
    return suite.verifyRsa({ padding: 'pkcs1', hash: 'SHA-256' }, key.key, message, signature)
  return false
}

function readTimestamps(bytes: Uint8Array): CertificateTimestamp[] {
  const list = reader(bytes)
  const inner = reader(list.take(list.number(2)))
  list.end()
  const timestamps: CertificateTimestamp[] = []
  while (!inner.done()) {
    if (timestamps.length === MOST) throw new AnswerableError('too-large', `over ${MOST} timestamps`)
    const one = reader(inner.take(inner.number(2)))
    const version = one.number(1)
    if (version !== 0) throw new AnswerableError('unknown-version', `a timestamp of version ${version}`)
    const logId = toHex(one.take(32))
    const stamp = one.take(8)
    timestamps.push({
      logId,
      time: stamp.reduce((sum, byte) => sum * 256 + byte, 0),
      // Version, certificate_timestamp, when, precert_entry.
      head: concat(Uint8Array.of(0, 0), stamp, Uint8Array.of(0, 1)),
      extensions: one.take(one.number(2)),
      hash: one.number(1),
      algorithm: one.number(1),
      signature: one.take(one.number(2)),
    })
    one.end()
  }
  return timestamps
}

function reader(bytes: Uint8Array) {
  let at = 0
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new AnswerableError('truncated', 'timestamps: they end early')
    at += length
    return bytes.subarray(at - length, at)
  }
  return {
    take,
    number: (length: number): number => take(length).reduce((sum, byte) => sum * 256 + byte, 0),
    done: (): boolean => at === bytes.length,
    end(): void {
      if (at !== bytes.length) throw new AnswerableError('trailing-bytes', 'timestamps: bytes are left over')
    },
  }
}

/** The body of the certificate as the log saw it: without the timestamps, and all else the same. */
function withoutTimestamps({ tbs }: Certificate): Uint8Array {
  const parts = within(readDer(tbs), TAG.sequence, 'certificate body').map(field => {
    if (field.tag !== contextTag(3)) return field.whole
    const kept = within(readDer(field.content), TAG.sequence, 'extensions').filter(
      extension => readOid(within(extension, TAG.sequence, 'extension')[0]) !== TIMESTAMPS,
    )
    return encode(contextTag(3), encode(TAG.sequence, ...wholes(kept)))
  })
  return encode(TAG.sequence, ...parts)
}

function wholes(list: readonly Der[]): Uint8Array[] {
  return list.map(({ whole }) => whole)
}

function encode(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = concat(...parts)
  const digits: number[] = []
  for (let left = content.length; left > 0; left = Math.floor(left / 256)) digits.unshift(left % 256)
  const length = content.length < 128 ? [content.length] : [0x80 | digits.length, ...digits]
  return concat(Uint8Array.of(tag, ...length), content)
}
