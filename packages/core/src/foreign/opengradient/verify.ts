/**
 * A response of OpenGradient's TEE gateway (https://github.com/OpenGradient/tee-gateway): signed by a key of a Nitro enclave
 * that forwards to models elsewhere. The signature is over keccak256(request hash, output hash, time).
 */
import { concat, equal, fromUtf8, toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { quoted } from '../../receipt/words.ts'
import { type PublicKey, parsePublicKey, readPem } from '../../x509/index.ts'
import type { ForeignFindings, ForeignOptions, Signed } from '../findings.ts'
import { keccak256 } from '../hashes.ts'
import { readEnclave } from './enclave.ts'
import { readSignedRequest, type SignedRequest } from './request.ts'
import { readSignedResponse, type SignedResponse } from './response.ts'

const PSS = { padding: 'pss', hash: 'SHA-256', saltLength: 32 } as const

/** Throws `bad-format`, `bad-key`, `bad-request` and what `parseJson` throws. */
export function readOpenGradient(bytes: Uint8Array, options: ForeignOptions): ForeignFindings {
  if (options.response !== undefined)
    throw new AnswerableError('bad-request', 'the file is the response itself; it takes no other')
  const response = readSignedResponse(bytes)
  const request = options.request === undefined ? undefined : readSignedRequest(options.request)
  const key = options.key === undefined ? undefined : readKey(options.key)
  const enclave =
    options.attestation === undefined || key === undefined
      ? undefined
      : readEnclave(key, options, response.timestamp * 1000)
  const asked = request === undefined ? '' : `; ${quoted(request.model) ?? '""'} is what was asked for`
  return {
    system: 'opengradient',
    title: 'OpenGradient’s TEE gateway',
    signer: `the key 0x${toHex(response.teeId)}`,
    signed: signedBy(response, request, key, options),
    compared: { request: request === undefined ? 'not-given' : 'same', response: 'same' },
    time: response.timestamp * 1000,
    model: {
      stated: false,
      detail: `the model that the response names is not signed${asked}`,
    },
    ...(enclave && { attestation: enclave.found }),
    facts: enclave?.pcrHash === undefined ? {} : { pcrHash: enclave.pcrHash },
    unsigned: [
      ...response.unsigned.map(path => `response: ${path}`),
      ...(request?.unsigned ?? []).map(path => `request: ${path}`),
    ],
  }
}

function signedBy(
  response: SignedResponse,
  request: SignedRequest | undefined,
  key: PublicKey | undefined,
  { suite, attestation }: ForeignOptions,
): Signed {
  const { requestHash, outputHash, timestamp, signature, teeId, output, kind } = response
  if (!equal(keccak256(output), outputHash))
    return {
      outcome: 'bad',
      reason: 'response-mismatch',
      detail: `the ${kind} of the response is not what its hash is of`,
    }
  if (request !== undefined && !request.spellings.some(one => equal(keccak256(one), requestHash)))
    return {
      outcome: 'bad',
      reason: 'request-mismatch',
      detail: 'the request that you hold is not the one that was signed',
    }
  if (key === undefined)
    return {
      outcome: 'unknown-signer',
      detail:
        attestation === undefined
          ? 'you named no key that should have signed'
          : 'the evidence has a digest of the key, and not the key: name that too',
    }
  if (key.kind !== 'rsa')
    return { outcome: 'bad', reason: 'signer-mismatch', detail: 'your key is not of RSA' }
  if (!equal(keccak256(key.spki), teeId))
    return { outcome: 'bad', reason: 'signer-mismatch', detail: 'the response names another key than yours' }
  const time = new Uint8Array(32)
  new DataView(time.buffer).setBigUint64(24, BigInt(timestamp))
  return suite.verifyRsa(PSS, key.key, keccak256(concat(requestHash, outputHash, time)), signature)
    ? { outcome: 'good' }
    : { outcome: 'bad', reason: 'bad-receipt-signature', detail: 'your key did not sign this' }
}

/** SubjectPublicKeyInfo, in PEM or DER. */
function readKey(bytes: Uint8Array): PublicKey {
  try {
    if (bytes[0] === 0x30) return parsePublicKey(bytes)
    const block = readPem(fromUtf8(bytes)).find(({ label }) => label === 'PUBLIC KEY')
    if (block !== undefined) return parsePublicKey(block.bytes)
  } catch (cause) {
    throw new AnswerableError('bad-key', `the key cannot be read: ${(cause as Error).message}`, { cause })
  }
  throw new AnswerableError('bad-key', 'expected a public key, in PEM (BEGIN PUBLIC KEY) or DER')
}
