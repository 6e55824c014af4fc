/**
 * Answers about certificates (OCSP, RFC 6960): whether one is good, revoked or on hold, signed by its issuer or by whom
 * the issuer named for that. They are archived as they came, so their nonces, which only the asker knew, are not looked at.
 */
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { equal, toHex } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import type { Suite } from '../suite.ts'
import { shownTime } from '../time.ts'
import { type Certificate, type Extension, parseCertificate, readExtensions } from './certificate.ts'
import { OCSP_SIGNING } from './chain.ts'
import type { RevocationAnswer } from './crl.ts'
import { contextTag, type Der, expectTag, readBits, readDer, readOid, readTime, TAG, within } from './der.ts'
import { checkSignature, readSignatureAlgorithm, type SignatureAlgorithm } from './public-key.ts'

export interface OcspAnswer {
  der: Uint8Array
  /** Who says that they answer: a name's bytes, or SHA-1 of a key. */
  responder: { name: Uint8Array } | { key: Uint8Array }
  /** Unix milliseconds, as all times here. */
  producedAt: number
  about: OcspStatus[]
  /** That came along, of whoever the issuer had answer for it. */
  certificates: Certificate[]
  tbs: Uint8Array
  algorithm: SignatureAlgorithm
  signature: Uint8Array
  extensions: ReadonlyMap<string, Extension>
}

/** About one certificate. */
export interface OcspStatus {
  /** The algorithm's object identifier, and digests by it of the issuer's name and key. */
  hash: string
  issuerName: Uint8Array
  issuerKey: Uint8Array
  /** In hex. */
  serial: string
  status: 'good' | 'revoked' | 'unknown'
  revoked?: { time: number; reason?: number }
  thisUpdate: number
  nextUpdate?: number
  extensions: ReadonlyMap<string, Extension>
}

export const MAX_OCSP_BYTES = 64 * 1024
/** How long an answer counts that does not say until when. */
export const OCSP_LASTS = 24 * 3600 * 1000
const MOST_STATUSES = 64
const MOST_SIGNERS = 4
const BASIC = '1.3.6.1.5.5.7.48.1.1'
/** "May be relied upon without asking about it", for whoever answers. */
const NO_CHECK = '1.3.6.1.5.5.7.48.1.5'
const ON_HOLD = 6
/** What of a responder's certificate is heeded here if it is critical. */
const HEEDED = new Set(['2.5.29.15', '2.5.29.19', '2.5.29.37', '2.5.29.14', '2.5.29.35', NO_CHECK])
/** Which certificate is meant; nothing is believed by these digests, since whoever answers signs for them. */
const HASHES: Record<string, (data: Uint8Array) => Uint8Array> = {
  '1.3.14.3.2.26': sha1,
  '2.16.840.1.101.3.4.2.1': sha256,
  '2.16.840.1.101.3.4.2.2': sha384,
  '2.16.840.1.101.3.4.2.3': sha512,
}

/** Throws `bad-endorsement`, and as `readDer` does; `bad-endorsement` also for an answer that is a refusal. */
export function parseOcspAnswer(der: Uint8Array): OcspAnswer {
  if (der.length > MAX_OCSP_BYTES)
    throw new AnswerableError('too-large', `revocation answer: over ${MAX_OCSP_BYTES} bytes`)
  try {
    return read(der)
  } catch (cause) {
    if (errorCode(cause) !== 'bad-encoding') throw cause
    throw new AnswerableError('bad-endorsement', `revocation answer: ${(cause as Error).message}`, { cause })
  }
}

/** Section 4.2.1. */
function read(der: Uint8Array): OcspAnswer {
  const [outcome, body] = within(readDer(der), TAG.sequence, 'answer', 2)
  const { content } = expectTag(outcome, TAG.enumerated, 'outcome')
  if (content.length !== 1 || content[0] !== 0)
    throw new AnswerableError('bad-encoding', `it is a refusal (${toHex(content.subarray(0, 4))})`)
  const [type, bytes] = within(inside(body, 0, 'answer'), TAG.sequence, 'answer', 2)
  if (readOid(type, 'kind of answer') !== BASIC)
    throw new AnswerableError('bad-encoding', 'not a basic answer')
  const [tbs, algorithm, bits, certificates] = within(
    readDer(expectTag(bytes, TAG.octetString, 'basic answer').content),
    TAG.sequence,
    'basic answer',
    4,
  )
  // A version is only written where it is not the first, and there is no other.
  const [responder, producedAt, statuses, extensions] = within(tbs, TAG.sequence, 'body', 4)
  return {
    der,
    responder:
      responder?.tag === contextTag(1)
        ? { name: inside(responder, 1, 'responder').whole }
        : { key: expectTag(inside(responder, 2, 'responder'), TAG.octetString, 'responder').content },
    producedAt: readTime(expectTag(producedAt, TAG.generalizedTime, 'producedAt')),
    about: within(statuses, TAG.sequence, 'statuses', MOST_STATUSES).map(readStatus),
    certificates:
      certificates === undefined
        ? []
        : within(inside(certificates, 0, 'certificates'), TAG.sequence, 'certificates', MOST_SIGNERS).map(
            ({ whole }) => parseCertificate(whole),
          ),
    tbs: tbs!.whole,
    algorithm: readSignatureAlgorithm(algorithm),
    signature: readBits(bits, 'signature'),
    extensions: extensions === undefined ? new Map() : readExtensions(inside(extensions, 1, 'extensions')),
  }
}

function readStatus(element: Der): OcspStatus {
  const [id, status, thisUpdate, ...rest] = within(element, TAG.sequence, 'status', 5)
  const [hash, name, key, serial] = within(id, TAG.sequence, 'certificate meant', 4)
  const next = rest[0]?.tag === contextTag(0) ? rest.shift() : undefined
  const more = rest.shift()
  if (rest.length > 0) throw new AnswerableError('bad-encoding', 'status: more than belongs')
  const found: OcspStatus = {
    hash: readOid(within(hash, TAG.sequence, 'hash', 2)[0], 'hash'),
    issuerName: expectTag(name, TAG.octetString, 'issuer’s name').content,
    issuerKey: expectTag(key, TAG.octetString, 'issuer’s key').content,
    serial: toHex(expectTag(serial, TAG.integer, 'serial number').content),
    ...statusOf(status),
    thisUpdate: readTime(expectTag(thisUpdate, TAG.generalizedTime, 'thisUpdate')),
    extensions: more === undefined ? new Map() : readExtensions(inside(more, 1, 'extensions')),
  }
  if (next !== undefined)
    found.nextUpdate = readTime(expectTag(inside(next, 0, 'nextUpdate'), TAG.generalizedTime, 'nextUpdate'))
  return found
}

function statusOf(status: Der | undefined): Pick<OcspStatus, 'status' | 'revoked'> {
  const empty = status?.content.length === 0
  if (status?.tag === contextTag(0, false) && empty) return { status: 'good' }
  if (status?.tag === contextTag(2, false) && empty) return { status: 'unknown' }
  if (status?.tag !== contextTag(1)) throw new AnswerableError('bad-encoding', 'status: none that there is')
  const [time, why] = within({ ...status, tag: TAG.sequence }, TAG.sequence, 'revocation', 2)
  const reason =
    why === undefined ? undefined : expectTag(inside(why, 0, 'reason'), TAG.enumerated, 'reason').content[0]
  return {
    status: 'revoked',
    revoked: {
      time: readTime(expectTag(time, TAG.generalizedTime, 'revocation')),
      ...(reason !== undefined && { reason }),
    },
  }
}

/** What `[number]` holds. */
function inside(element: Der | undefined, number: number, what: string): Der {
  return readDer(expectTag(element, contextTag(number), what).content)
}

/**
 * What answers say of one certificate, under the issuer that its chain showed. One that is forged is `bad` even where
 * another is good. A revocation that had happened by `time` counts also in an answer that is out of date, as in lists; a hold
 * counts until a later answer lifts it.
 */
export function checkOcsp(
  certificate: Certificate,
  issuer: Certificate,
  answers: readonly OcspAnswer[],
  time: number,
  suite: Suite,
): RevocationAnswer {
  let latest: { status: OcspStatus; from: number; until: number } | undefined
  let stale: OcspStatus | undefined
  for (const answer of answers) {
    const own = answer.about.filter(status => isAbout(status, certificate, issuer))
    if (own.length === 0) continue
    const signer = signerOf(answer, issuer, suite)
    if (typeof signer === 'string') return { outcome: 'bad', detail: signer }
    for (const status of own) {
      const critical = [...answer.extensions, ...status.extensions].some(([, one]) => one.critical)
      if (critical)
        return { outcome: 'bad', detail: 'a revocation answer has an extension that is not known here' }
      // What came only after the time asked about had not happened yet, and the answer is of later.
      if (status.revoked !== undefined && status.revoked.time > time) {
        stale ??= status
        continue
      }
      const held = status.revoked?.reason === ON_HOLD
      if (status.revoked !== undefined && !held) return revoked(certificate, issuer, status.revoked, false)
      const from = Math.max(status.thisUpdate, signer.notBefore)
      const until = Math.min(
        status.nextUpdate === undefined ? status.thisUpdate + OCSP_LASTS : status.nextUpdate + 999,
        signer.notAfter + 999,
      )
      if (held) {
        if (latest === undefined || status.thisUpdate >= latest.status.thisUpdate)
          latest = { status, from, until }
      } else if (status.status === 'unknown') continue
      else if (time < from || time > until) stale ??= status
      else if (latest === undefined || status.thisUpdate > latest.status.thisUpdate)
        latest = { status, from, until }
    }
  }
  if (latest?.status.revoked !== undefined) return revoked(certificate, issuer, latest.status.revoked, true)
  if (latest !== undefined) return { outcome: 'not-revoked', from: latest.from, until: latest.until }
  if (stale === undefined) return { outcome: 'none' }
  const until = stale.nextUpdate ?? stale.thisUpdate + OCSP_LASTS
  return {
    outcome: 'out-of-date',
    detail: `the answer about ${certificate.subject.text} is of ${shownTime(stale.thisUpdate)}, until ${shownTime(until)}`,
  }
}

function revoked(
  { subject }: Certificate,
  issuer: Certificate,
  { time }: { time: number },
  hold: boolean,
): RevocationAnswer {
  const did = hold ? 'put on hold' : 'revoked'
  return {
    outcome: 'revoked',
    time,
    ...(hold && { hold: true as const }),
    detail: `${issuer.subject.text} ${did} the certificate of ${subject.text} on ${shownTime(time)}`,
  }
}

/** Section 4.1.1: by its issuer's name and key, and its number. */
function isAbout(status: OcspStatus, { serial }: Certificate, issuer: Certificate): boolean {
  const hash = HASHES[status.hash]
  return (
    hash !== undefined &&
    status.serial === serial &&
    equal(status.issuerName, hash(issuer.subject.der)) &&
    equal(status.issuerKey, hash(keyBits(issuer)))
  )
}

/** Section 4.2.2.2: the issuer itself, or one whose certificate for that the issuer signed itself. Or why it is neither. */
function signerOf(answer: OcspAnswer, issuer: Certificate, suite: Suite): Certificate | string {
  const { responder } = answer
  const signer = [issuer, ...answer.certificates].find(one =>
    'name' in responder ? equal(responder.name, one.subject.der) : equal(responder.key, sha1(keyBits(one))),
  )
  if (signer === undefined) return 'a revocation answer is by somebody whose certificate did not come along'
  if (signer !== issuer) {
    const { usage, purposes, extensions } = signer
    const who = signer.subject.text
    if (
      !equal(signer.issuer.der, issuer.subject.der) ||
      checkSignature(issuer.key, signer.algorithm, signer.tbs, signer.signature, suite) !== 'good'
    )
      return `${issuer.subject.text} did not name ${who} to answer for it`
    if (!purposes?.has(OCSP_SIGNING) || (usage !== undefined && !usage.has('digital-signature')))
      return `the certificate of ${who} is not for revocation answers`
    if ([...extensions].some(([id, { critical }]) => critical && !HEEDED.has(id)))
      return `the certificate of ${who} has an extension that is not known here`
  }
  return checkSignature(signer.key, answer.algorithm, answer.tbs, answer.signature, suite) === 'good'
    ? signer
    : `${signer.subject.text} did not sign the revocation answer that is by it`
}

/** What is digested of a key: its bits without what they are of. */
function keyBits({ key }: Certificate): Uint8Array {
  return readBits(within(readDer(key.spki), TAG.sequence, 'public key', 2)[1], 'public key')
}
