/**
 * A signature of NEAR AI Cloud (https://docs.near.ai, "Response signatures"): over `model:sha256(request):sha256(response)` by
 * the machine that ran the model, or over the two digests alone by the gateway before it. The key is known by its address.
 */
import { concat, equal, fromHex, fromUtf8, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError, messageOf } from '../../error.ts'
import { appraise, evidenceFormat } from '../../evidence/index.ts'
import { parseJson } from '../../json.ts'
import { quoted } from '../../receipt/words.ts'
import { type JsonObject, Shape } from '../../shape.ts'
import {
  type AttestationFound,
  clock,
  type ForeignFindings,
  type ForeignOptions,
  type Signed,
  speaksFor,
} from '../findings.ts'
import { personalSigner } from '../hashes.ts'

interface NearSignature {
  text: string
  model?: string
  request: string
  response: string
  signature: Uint8Array
  algorithm: 'ecdsa' | 'ed25519'
  /** Of 20 bytes, or the key itself. */
  address: Uint8Array
  /** Whose it says it is; not signed. */
  kind?: string
}

const shape = new Shape('bad-format')
const LIMITS = { maxBytes: 16 * 1024 * 1024, maxDepth: 32 }
const TEXT = /^(?:([^\p{Cc}]{1,512}):)?([0-9a-f]{64}):([0-9a-f]{64})$/u
const SIGNED = new Set(['text', 'signature', 'signing_address', 'signing_algo'])

/** Throws `bad-format`, `bad-key` and what `parseJson` throws. */
export function readNear(bytes: Uint8Array, options: ForeignOptions): ForeignFindings {
  const root = shape.object(parseJson(bytes, LIMITS), 'signature')
  const near = readSignature(root)
  const known = options.key === undefined ? undefined : readAddress(options.key)
  const attestation =
    options.attestation === undefined
      ? undefined
      : appraiseReport(parseJson(options.attestation, LIMITS), near, options)
  const gateway = near.model === undefined
  return {
    system: 'near',
    title: gateway ? 'NEAR AI Cloud’s gateway' : 'NEAR AI Cloud, the machine of a model',
    signer: `the address ${addressText(near)}`,
    signed: signedBy(near, known, attestation, options),
    compared: {
      request: options.request === undefined ? 'not-given' : 'same',
      response: options.response === undefined ? 'not-given' : 'same',
    },
    model: gateway
      ? { stated: false, detail: 'a gateway signed, which names no model' }
      : { stated: true, detail: quoted(near.model) ?? '""' },
    ...(attestation && { attestation }),
    facts: {},
    unsigned: [
      ...Object.keys(root)
        .filter(key => !SIGNED.has(key))
        .map(key => quoted(key) ?? '""'),
      'when it was signed',
    ],
  }
}

function readSignature(root: JsonObject): NearSignature {
  const algorithm = shape.literal(root.signing_algo, 'signing_algo', ['ecdsa', 'ed25519'])
  const text = shape.string(root.text, 'text', 1024, TEXT, 'two digests, after a model or by themselves')
  const [, model, request, response] = TEXT.exec(text)!
  return {
    text,
    ...(model !== undefined && { model }),
    request: request!,
    response: response!,
    algorithm,
    signature: hexOf(root.signature, 'signature', algorithm === 'ecdsa' ? 65 : 64),
    address: hexOf(root.signing_address, 'signing_address', algorithm === 'ecdsa' ? 20 : 32),
    ...(typeof root.signature_kind === 'string' && { kind: root.signature_kind }),
  }
}

function signedBy(
  near: NearSignature,
  known: Uint8Array | undefined,
  attestation: AttestationFound | undefined,
  { request, response, suite }: ForeignOptions,
): Signed {
  const bad = (reason: Extract<Signed, { outcome: 'bad' }>['reason'], detail: string): Signed => ({
    outcome: 'bad',
    reason,
    detail,
  })
  if (request !== undefined && suite.sha256Hex(request) !== near.request)
    return bad('request-mismatch', 'the request that you hold is not the one that was signed')
  if (response !== undefined && suite.sha256Hex(response) !== near.response)
    return bad('response-mismatch', 'the response that you hold is not the one that was signed')
  if (near.kind !== undefined && near.kind !== (near.model === undefined ? 'gateway' : 'provider_tee'))
    return bad('signer-mismatch', 'it says that it is of another kind than its text is')
  if (!isSigned(near, suite.verifyEd25519))
    return bad('bad-receipt-signature', 'the address that it names did not sign this')
  if (known !== undefined)
    return equal(known, near.address)
      ? { outcome: 'good' }
      : bad('signer-mismatch', 'it names another address than yours')
  if (speaksFor(attestation)) return { outcome: 'good' }
  return {
    outcome: 'unknown-signer',
    detail: 'it is signed by the address that it names itself, and you named none',
  }
}

function isSigned(
  { text, signature, algorithm, address }: NearSignature,
  verifyEd25519: ForeignOptions['suite']['verifyEd25519'],
): boolean {
  if (algorithm === 'ed25519') return verifyEd25519(address, utf8(text), signature)
  const signer = personalSigner(text, signature)
  return signer !== undefined && equal(signer, address)
}

/** A quote's report data: the address with zeros, or its digest with that of the TLS key; then the nonce. */
function appraiseReport(value: unknown, near: NearSignature, options: ForeignOptions): AttestationFound {
  const { suite, evidencePolicy: policy, endorsements } = options
  const format = evidenceFormat('tdx')
  if (format === undefined) return { outcome: 'not-checked', detail: 'there is no verifier for it here' }
  try {
    const report = reportOf(shape.object(value, 'attestation'), near)
    if (report === undefined) return { outcome: 'of-another', detail: 'it is about another address' }
    const tls = report.tls_cert_fingerprint ?? null
    const nonce = hexOf(options.nonce ?? report.request_nonce, 'nonce', 32)
    const padded = concat(near.address, new Uint8Array(32 - near.address.length))
    const first =
      tls === null ? padded : suite.sha256(concat(near.address, hexOf(tls, 'tls_cert_fingerprint', 32)))
    const quote = shape.string(report.intel_quote, 'intel_quote', 256 * 1024).replace(/^0x/, '')
    const time = clock(options)
    return {
      outcome: 'appraised',
      appraisal: appraise(format, format.parse(fromHex(quote)), {
        time,
        policy,
        endorsements,
        suite,
        binding: concat(first, nonce),
        also: ['binding'],
      }),
      time,
    }
  } catch (error) {
    return { outcome: 'unreadable', detail: messageOf(error) }
  }
}

/** A report by itself, or the one for this address of those that the gateway hands out together. */
function reportOf(root: JsonObject, { address, algorithm }: NearSignature): JsonObject | undefined {
  const listed = [
    root,
    ...(root.gateway_attestation === undefined ? [] : [root.gateway_attestation]),
    ...shape.array(root.model_attestations ?? [], 'model_attestations', 64),
  ].map(one => shape.object(one, 'attestation'))
  return listed.find(
    ({ signing_address: named, signing_algo: by }) =>
      typeof named === 'string' && plainHex(named) === toHex(address) && by === algorithm,
  )
}

function readAddress(bytes: Uint8Array): Uint8Array {
  try {
    return fromHex(plainHex(fromUtf8(bytes.subarray(0, 1024)).trim()))
  } catch (cause) {
    throw new AnswerableError('bad-key', 'expected an address or a key in hex', { cause })
  }
}

function addressText({ address }: NearSignature): string {
  return `0x${toHex(address)}`
}

function hexOf(value: unknown, where: string, length: number): Uint8Array {
  const text = shape.string(value, where, length * 2 + 2)
  try {
    return fromHex(plainHex(text), length)
  } catch (cause) {
    throw new AnswerableError('bad-format', `${where}: expected ${length} bytes in hex`, { cause })
  }
}

function plainHex(text: string): string {
  return text.toLowerCase().replace(/^0x/, '')
}
