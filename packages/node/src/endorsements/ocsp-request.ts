/**
 * A question about one certificate (RFC 6960 section 4.1.1), as short as it can be: no nonce, since the answer is to be archived
 * and read by others, for whom its own times count.
 */
import { createHash } from 'node:crypto'
import { type Certificate, readDer, TAG, within } from '@answerable/core/x509'

export type OcspHash = 'sha1' | 'sha384'

/** AlgorithmIdentifiers: SHA-1 with NULL parameters, as responders expect it, and SHA-384. */
const ALGORITHMS: Record<OcspHash, Uint8Array> = {
  sha1: Buffer.from('300906052b0e03021a0500', 'hex'),
  sha384: Buffer.from('300d06096086480165030402020500', 'hex'),
}

/** `issuer` is the certificate of who issued `certificate`. */
export function ocspRequest(certificate: Certificate, issuer: Certificate, hash: OcspHash): Uint8Array {
  const digest = (bytes: Uint8Array) => element(0x04, createHash(hash).update(bytes).digest())
  const id = element(
    0x30,
    ALGORITHMS[hash],
    digest(issuer.subject.der),
    digest(keyBits(issuer)),
    element(0x02, Buffer.from(certificate.serial, 'hex')),
  )
  // OCSPRequest, TBSRequest, requestList, Request: one of each.
  return element(0x30, element(0x30, element(0x30, element(0x30, id))))
}

/** The bits of the public key, without their wrapping. */
function keyBits({ der }: Certificate): Uint8Array {
  const [body] = within(readDer(der), TAG.sequence, 'certificate', 3)
  const fields = within(body, TAG.sequence, 'certificate body', 16)
  // Version, serial, algorithm, issuer, validity, subject, key: all of these are of version 3.
  const [, bits] = within(fields[6], TAG.sequence, 'public key', 2)
  return bits!.content.subarray(1)
}

function element(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return new Uint8Array(Buffer.concat([Buffer.of(tag, ...head), content]))
}
