/** Simulated: answers about certificates (RFC 6960), for drills and tests. */
import { createHash } from 'node:crypto'
import type { Certificate } from '@answerable/core/x509'
import { readDer, TAG, within } from '@answerable/core/x509'
import {
  bool,
  extension,
  integer,
  type Made,
  octets,
  oid,
  sequence,
  signedDer,
  tagged,
  time,
} from './certificates.ts'

export interface AnswerOptions {
  about: readonly AboutOptions[]
  /** Whose key signs; the issuer's unless told. */
  responder: Made
  /** Certificates that come along; the responder's unless told. */
  certificates?: readonly Uint8Array[]
  by?: 'name' | 'key'
  producedAt?: string
  /** Of the answer as a whole. */
  extensions?: readonly { id: string; critical?: boolean; value: Uint8Array }[]
  signWith?: Made
  /** In place of success. */
  outcome?: number
}

export interface AboutOptions {
  certificate: Certificate
  issuer: Certificate
  status?: 'good' | 'revoked' | 'unknown'
  /** CRLReason; 6 is certificateHold. */
  reason?: number
  revokedAt?: string
  thisUpdate?: string
  /** `null` leaves it out. */
  nextUpdate?: string | null
  hash?: 'sha1' | 'sha256' | 'sha384' | 'sha512'
  critical?: boolean
}

const HASHES = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
}

export function makeOcspAnswer(options: AnswerOptions): Uint8Array {
  const { about, responder, by = 'name', producedAt = '2026-06-14T12:00:00Z', extensions = [] } = options
  const { certificates = [responder.der], signWith = responder, outcome = 0 } = options
  const who =
    by === 'name'
      ? tagged(0xa1, responder.certificate.subject.der)
      : tagged(0xa2, octets(digest('sha1', keyBits(responder.certificate))))
  const body = sequence(
    who,
    time(producedAt),
    sequence(...about.map(statusOf)),
    ...(extensions.length === 0
      ? []
      : [
          tagged(
            0xa1,
            sequence(...extensions.map(one => extension(one.id, one.critical ?? false, one.value))),
          ),
        ]),
  )
  const signed = within(readDer(signedDer(body, signWith)), TAG.sequence, 'answer').map(({ whole }) => whole)
  const basic = sequence(
    ...signed,
    ...(certificates.length === 0 ? [] : [tagged(0xa0, sequence(...certificates))]),
  )
  return new Uint8Array(
    sequence(
      tagged(0x0a, Buffer.of(outcome)),
      ...(outcome === 0 ? [tagged(0xa0, sequence(oid('1.3.6.1.5.5.7.48.1.1'), octets(basic)))] : []),
    ),
  )
}

function statusOf(options: AboutOptions): Buffer {
  const { certificate, issuer, status = 'good', reason, revokedAt = '2026-06-10T00:00:00Z' } = options
  const {
    thisUpdate = '2026-06-14T12:00:00Z',
    nextUpdate = '2026-06-16T12:00:00Z',
    hash = 'sha384',
  } = options
  const said = {
    good: () => tagged(0x80, Buffer.alloc(0)),
    unknown: () => tagged(0x82, Buffer.alloc(0)),
    revoked: () =>
      tagged(
        0xa1,
        Buffer.concat([
          time(revokedAt),
          ...(reason === undefined ? [] : [tagged(0xa0, tagged(0x0a, Buffer.of(reason)))]),
        ]),
      ),
  }
  return sequence(
    sequence(
      sequence(oid(HASHES[hash])),
      octets(digest(hash, issuer.subject.der)),
      octets(digest(hash, keyBits(issuer))),
      tagged(0x02, Buffer.from(certificate.serial, 'hex')),
    ),
    said[status](),
    time(thisUpdate),
    ...(nextUpdate === null ? [] : [tagged(0xa0, time(nextUpdate))]),
    ...(options.critical ? [tagged(0xa1, sequence(extension('1.2.3.4', true, bool(true))))] : []),
  )
}

/** What whoever answers for others must have in their certificate, and what spares it from being asked about. */
export const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
export const NO_CHECK = { id: '1.3.6.1.5.5.7.48.1.5', value: new Uint8Array([5, 0]) }
export const NONCE = { id: '1.3.6.1.5.5.7.48.1.2', value: new Uint8Array(octets(integer(7))) }

function digest(hash: string, data: Uint8Array): Buffer {
  return createHash(hash).update(data).digest()
}

function keyBits({ key }: Certificate): Uint8Array {
  return within(readDer(key.spki), TAG.sequence, 'key')[1]!.content.subarray(1)
}
