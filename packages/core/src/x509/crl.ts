/** Lists of revoked certificates (RFC 5280 section 5). */
import { equal, toHex } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import type { Suite } from '../suite.ts'
import { shownTime } from '../time.ts'
import { type Certificate, type Extension, readExtensions } from './certificate.ts'
import { contextTag, expectTag, readBits, readDer, readSmall, readTime, TAG, within } from './der.ts'
import { type Name, readName } from './name.ts'
import { checkSignature, readSignatureAlgorithm, type SignatureAlgorithm } from './public-key.ts'

export interface RevocationList {
  der: Uint8Array
  issuer: Name
  /** Unix milliseconds. */
  thisUpdate: number
  nextUpdate?: number
  /** Serial numbers in hex, with when and why. */
  revoked: ReadonlyMap<string, { time: number; reason?: number }>
  tbs: Uint8Array
  algorithm: SignatureAlgorithm
  signature: Uint8Array
  extensions: ReadonlyMap<string, Extension>
}

export const MAX_CRL_BYTES = 4 * 1024 * 1024
const MOST_REVOKED = 100_000
const REASON_CODE = '2.5.29.21'
/** certificateHold (section 5.3.1). */
const ON_HOLD = 6
/** What a list may have and still be about all certificates of its issuer: its number and its issuer's key. */
const HEEDED = new Set(['2.5.29.20', '2.5.29.35'])

/** Throws `bad-endorsement`, and as `readDer` does. */
export function parseRevocationList(der: Uint8Array): RevocationList {
  if (der.length > MAX_CRL_BYTES)
    throw new AnswerableError('too-large', `list of revocations: over ${MAX_CRL_BYTES} bytes`)
  try {
    return read(der)
  } catch (cause) {
    if (errorCode(cause) !== 'bad-encoding') throw cause
    throw new AnswerableError('bad-endorsement', `list of revocations: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function read(der: Uint8Array): RevocationList {
  const [tbs, outer, bits] = within(readDer(der), TAG.sequence, 'list', 3)
  const fields = within(tbs, TAG.sequence, 'list body', 8)
  if (fields[0]?.tag === TAG.integer && readSmall(fields.shift(), 'version') !== 1)
    throw new AnswerableError('bad-encoding', 'not of version 2')
  const [inner, issuer, thisUpdate, ...rest] = fields
  if (inner === undefined || outer === undefined || !equal(inner.whole, outer.whole))
    throw new AnswerableError('bad-encoding', 'it names two algorithms for its signature')
  const next = rest[0]?.tag === TAG.utcTime || rest[0]?.tag === TAG.generalizedTime ? rest.shift() : undefined
  const entries =
    rest[0]?.tag === TAG.sequence ? within(rest.shift(), TAG.sequence, 'entries', MOST_REVOKED) : []
  const revoked = new Map<string, { time: number; reason?: number }>()
  for (const entry of entries) {
    const [serial, time, more] = within(entry, TAG.sequence, 'entry', 3)
    const why = more === undefined ? undefined : readExtensions(more).get(REASON_CODE)
    const number = toHex(expectTag(serial, TAG.integer, 'serial number').content)
    const at = readTime(time)
    // Of two entries for one certificate the earlier counts.
    if ((revoked.get(number)?.time ?? Number.POSITIVE_INFINITY) > at)
      revoked.set(number, {
        time: at,
        ...(why && { reason: expectTag(readDer(why.value), TAG.enumerated, 'reason').content[0] ?? 0 }),
      })
  }
  const tagged = rest.find(({ tag }) => tag === contextTag(0))
  const list: RevocationList = {
    der,
    issuer: readName(issuer, 'issuer'),
    thisUpdate: readTime(thisUpdate, 'thisUpdate'),
    revoked,
    tbs: tbs!.whole,
    algorithm: readSignatureAlgorithm(outer),
    signature: readBits(bits, 'signature'),
    extensions: tagged === undefined ? new Map() : readExtensions(readDer(tagged.content)),
  }
  if (next !== undefined) list.nextUpdate = readTime(next, 'nextUpdate')
  return list
}

export type RevocationAnswer =
  | { outcome: 'not-revoked'; from: number; until: number }
  /** `hold`: for the time being (certificateHold). */
  | { outcome: 'revoked'; time: number; hold?: true; detail: string }
  /** No list by the issuer came along. */
  | { outcome: 'none' }
  | { outcome: 'bad'; detail: string }
  | { outcome: 'out-of-date'; detail: string }

/**
 * What the lists say of one certificate, under the issuer that the chain showed. A list that is forged is `bad` even where
 * another is good: whoever brought it meant it to be believed. A revocation that had happened by `time` counts also in a list
 * that is out of date.
 */
export function checkRevocation(
  certificate: Certificate,
  issuer: Certificate,
  lists: readonly RevocationList[],
  time: number,
  suite: Suite,
): RevocationAnswer {
  const own = lists.filter(list => equal(list.issuer.der, certificate.issuer.der))
  let answer: RevocationAnswer = { outcome: 'none' }
  for (const list of own) {
    if (issuer.usage !== undefined && !issuer.usage.has('crl-sign'))
      return { outcome: 'bad', detail: `the key of ${issuer.subject.text} may not sign lists of revocations` }
    if (checkSignature(issuer.key, list.algorithm, list.tbs, list.signature, suite) !== 'good')
      return {
        outcome: 'bad',
        detail: `${issuer.subject.text} did not sign the list of revocations that is by it`,
      }
    const unknown = [...list.extensions].find(([id, { critical }]) => critical && !HEEDED.has(id))
    if (unknown !== undefined)
      return {
        outcome: 'bad',
        detail: `the list of ${issuer.subject.text} has an extension that is not known here`,
      }
    const entry = list.revoked.get(certificate.serial)
    // One that came only after the time asked about had not happened yet.
    if (entry !== undefined && entry.time <= time)
      return {
        outcome: 'revoked',
        time: entry.time,
        ...(entry.reason === ON_HOLD && { hold: true as const }),
        detail: `${issuer.subject.text} revoked the certificate of ${certificate.subject.text} on ${shownTime(entry.time)}`,
      }
    // Section 5.1.2.5: all lists say when the next one comes. One that does not is of its own moment alone.
    const until = list.nextUpdate ?? list.thisUpdate
    if (time < list.thisUpdate || time > until) {
      if (answer.outcome === 'none')
        answer = {
          outcome: 'out-of-date',
          detail: `the list of ${issuer.subject.text} is of ${shownTime(list.thisUpdate)}${list.nextUpdate === undefined ? '' : `, until ${shownTime(list.nextUpdate)}`}`,
        }
    } else answer = { outcome: 'not-revoked', from: list.thisUpdate, until }
  }
  return answer
}
