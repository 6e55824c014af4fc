/**
 * A receipt of ACI/1 (sections 7 and 9.3): a log of what a gateway saw of one exchange, signed by a key of its keyset. The
 * keyset comes from the reader: as such, or in an attestation report, whose quote is bound to its digest.
 */
import { toHex } from '../../bytes.ts'
import { messageOf } from '../../error.ts'
import { appraise, evidenceFormat, type Format, isBoundTo } from '../../evidence/index.ts'
import { quoted } from '../../receipt/words.ts'
import type { JsonObject } from '../../shape.ts'
import type { Suite } from '../../suite.ts'
import {
  type AttestationFound,
  clock,
  type ForeignFindings,
  type ForeignOptions,
  type Signed,
  speaksFor,
} from '../findings.ts'
import { verifySecp256k1 } from '../hashes.ts'
import {
  aciDigest,
  aciReportData,
  aciShape,
  aciSigningInput,
  hexOf,
  readAciDocument,
  readDigest,
  receiptKey,
} from './documents.ts'

interface AciReceipt {
  document: JsonObject
  keysetDigest: string
  keyId: string
  signature: Uint8Array
  /** Unix seconds. */
  servedAt: number
  received: string
  forwarded?: string
  returned?: string
  /** What the gateway says of who answered. */
  upstream?: { model?: string; session?: string; checked: boolean; required: boolean }
}

const FORMATS: Record<string, Format> = { tdx: 'tdx', sev_snp: 'sev-snp' }
/** The first is for everyone; the other stood in drafts (section 4.3), over SHA-256. */
const VERIFIERS: Record<
  string,
  (key: Uint8Array, message: Uint8Array, signature: Uint8Array, suite: Suite) => boolean
> = {
  ed25519: (key, message, signature, suite) => suite.verifyEd25519(key, message, signature),
  'ecdsa-secp256k1': verifySecp256k1,
}
const YEAR_9999 = 253_402_300_799

/** Throws `bad-format` and what `parseJson` throws. */
export function readAci(bytes: Uint8Array, options: ForeignOptions): ForeignFindings {
  const receipt = readReceipt(readAciDocument(bytes, 'receipt'))
  const report =
    options.attestation === undefined ? undefined : readAciDocument(options.attestation, 'attestation')
  const keyset =
    options.key !== undefined
      ? readAciDocument(options.key, 'key')
      : report &&
        aciShape.object(aciShape.object(report.attestation, 'attestation').workload_keyset, 'keyset')
  const attestation = report && appraiseReport(report, receipt, options)
  const { upstream } = receipt
  return {
    system: 'aci',
    title: 'a private AI gateway by ACI/1 (Phala)',
    signer: `the key ${quoted(receipt.keyId) ?? '""'} of the keyset ${receipt.keysetDigest}`,
    signed: shownBy(signedBy(receipt, keyset, options), options.key === undefined, attestation),
    compared: {
      request: options.request === undefined ? 'not-given' : 'same',
      response: options.response === undefined ? 'not-given' : 'same',
    },
    time: receipt.servedAt * 1000,
    model:
      upstream?.model === undefined
        ? { stated: false, detail: 'it names the model that was asked for, and none that answered' }
        : {
            stated: true,
            detail: `${quoted(upstream.model) ?? '""'}, of an upstream whose evidence it says that it ${upstream.checked ? 'accepted' : 'did not accept'}${upstream.required ? '' : ', and did not insist on'}`,
          },
    ...(attestation && { attestation }),
    facts: {},
    unsigned: [
      ...(upstream?.session === undefined
        ? []
        : [`what the session ${quoted(upstream.session)} holds: it is named, and was not given`]),
      ...(receipt.forwarded !== undefined && receipt.forwarded !== receipt.received
        ? ['what was forwarded: the gateway rewrote the request, and only a digest of that is here']
        : []),
      ...(report === undefined ? [] : ['attestation: source_provenance and service_capabilities']),
    ],
  }
}

/** A keyset that came in a report is as good as the report's evidence: anybody can write one. */
function shownBy(signed: Signed, reported: boolean, attestation: AttestationFound | undefined): Signed {
  if (signed.outcome !== 'good' || !reported || speaksFor(attestation)) return signed
  return {
    outcome: 'unknown-signer',
    detail: 'it fits the keyset in the report, whose evidence does not show whose it is',
  }
}

function signedBy(
  receipt: AciReceipt,
  keyset: JsonObject | undefined,
  { request, response, suite }: ForeignOptions,
): Signed {
  const bad = (reason: Extract<Signed, { outcome: 'bad' }>['reason'], detail: string): Signed => ({
    outcome: 'bad',
    reason,
    detail,
  })
  if (request !== undefined && aciDigest(request, suite) !== receipt.received)
    return bad('request-mismatch', 'the request that you hold is not the one that the gateway received')
  if (response !== undefined && aciDigest(response, suite) !== receipt.returned)
    return bad('response-mismatch', 'the response that you hold is not the one that the gateway returned')
  if (keyset === undefined)
    return { outcome: 'unknown-signer', detail: 'you named no keyset that should have signed' }
  if (aciDigest(keyset, suite) !== receipt.keysetDigest)
    return bad('signer-mismatch', 'the receipt names another keyset than yours')
  const key = receiptKey(keyset, receipt.keyId)
  if (key === undefined) return bad('signer-mismatch', 'your keyset has no key of that name')
  if (receipt.servedAt >= aciShape.count(keyset.not_after, 'not_after'))
    return bad('signer-mismatch', 'it is of later than your keyset holds')
  const input = aciSigningInput(receipt.document)
  const verify = VERIFIERS[key.algorithm]
  if (verify === undefined)
    return { outcome: 'unknown-signer', detail: `keys of ${quoted(key.algorithm)} are not known here` }
  return verify(key.bytes, input, receipt.signature, suite)
    ? { outcome: 'good' }
    : bad('bad-receipt-signature', 'the key of your keyset did not sign this')
}

function readReceipt(document: JsonObject): AciReceipt {
  aciShape.literal(document.api_version, 'api_version', ['aci/1'])
  const events = aciShape
    .array(document.event_log, 'event_log', 256)
    .map((one, i) => aciShape.object(one, `event_log[${i}]`))
  const only = (type: string): JsonObject | undefined => {
    const found = events.filter(event => event.type === type)
    // Of two, a reader and a checker might look at different ones.
    return found.length <= 1 ? found[0] : aciShape.fail('event_log', `at most one ${type}`)
  }
  const received = only('request.received')
  if (received === undefined || events[0] !== received)
    aciShape.fail('event_log', 'request.received before all else')
  const forwarded = only('request.forwarded')
  const returned = only('response.returned')
  const checked = only('upstream.verified')
  const servedAt = aciShape.count(document.served_at, 'served_at')
  if (servedAt > YEAR_9999) aciShape.fail('served_at', 'seconds since 1970')
  return {
    document,
    keysetDigest: readDigest(document.workload_keyset_digest, 'workload_keyset_digest'),
    keyId: aciShape.string(document.key_id, 'key_id', 256),
    signature: hexOf(document.signature, 'signature', 512),
    servedAt,
    received: readDigest(received.body_hash, 'request.received.body_hash'),
    ...(forwarded && { forwarded: readDigest(forwarded.body_hash, 'request.forwarded.body_hash') }),
    ...(returned && { returned: readDigest(returned.body_hash, 'response.returned.body_hash') }),
    ...(checked && {
      upstream: {
        checked: checked.result === 'verified',
        required: checked.required === true,
        ...(typeof checked.model_id === 'string' && { model: checked.model_id }),
        ...(typeof checked.session_id === 'string' && { session: checked.session_id }),
      },
    }),
  }
}

/** Whether the report's quote holds what it must for this keyset, and what else the quote shows. */
function appraiseReport(report: JsonObject, receipt: AciReceipt, options: ForeignOptions): AttestationFound {
  const { suite, evidencePolicy: policy, endorsements, nonce = null } = options
  const fields = aciShape.object(report.attestation, 'attestation')
  const keyset = aciShape.object(fields.workload_keyset, 'attestation.workload_keyset')
  if (aciDigest(keyset, suite) !== receipt.keysetDigest)
    return { outcome: 'of-another', detail: 'it is about another keyset' }
  const type = aciShape.string(fields.tee_type, 'attestation.tee_type', 64)
  const name = FORMATS[type]
  const format = name === undefined ? undefined : evidenceFormat(name)
  if (format === undefined)
    return { outcome: 'not-checked', detail: `there is no verifier for ${quoted(type)} here` }
  const binding = aciReportData(receipt.keysetDigest, nonce, suite)
  try {
    const quote = hexOf(aciShape.object(fields.evidence, 'attestation.evidence').quote, 'quote', 64 * 1024)
    const parsed = format.parse(quote)
    const time = clock(options, receipt.servedAt * 1000)
    const context = { time, policy, endorsements, suite, binding, also: ['binding'] as const }
    const appraisal = appraise(format, parsed, context)
    const { reportData = new Uint8Array() } = appraisal
    if (nonce === null && !isBoundTo(reportData, binding))
      return {
        outcome: 'binding-not-shown',
        detail: `it was made for a nonce that you did not name: ${toHex(reportData.subarray(0, 32))} cannot be told from that of another keyset`,
      }
    return { outcome: 'appraised', appraisal, time }
  } catch (error) {
    return { outcome: 'unreadable', detail: messageOf(error) }
  }
}
