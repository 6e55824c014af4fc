/**
 * Google's Confidential Space: its launcher has an attestation service issue a token with nonces of the workload's own
 * ("Custom attestation tokens": POST /v1/token on the launcher's socket; nonces of 10 to 74 bytes). Of the type PKI it brings
 * its certificates, so that it can be checked years later and offline.
 */
import { fromUtf8, toHex } from '@answerable/core'
import { type Attester, attesterError, inTime, MAX_EVIDENCE_BYTES } from './attester.ts'
import { postToSocket } from './socket.ts'

export const LAUNCHER_SOCKET = '/run/container_launcher/teeserver.sock'
const KIND = 'confidential-space'
/** A JWS in its compact form (RFC 7515): three parts. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

export interface ConfidentialSpaceOptions {
  socket?: string
  /** Whom the token says that it is for. */
  audience: string
  timeoutMs: number
}

export function confidentialSpaceAttester({
  socket = LAUNCHER_SOCKET,
  audience,
  timeoutMs,
}: ConfidentialSpaceOptions): Attester {
  return {
    kind: KIND,
    attest: (data, outer) =>
      inTime(KIND, timeoutMs, outer, async signal => {
        const body = { audience, token_type: 'PKI', nonces: [toHex(data)] }
        const answer = await postToSocket({ kind: KIND, socket, path: '/v1/token', body, signal })
        return { format: 'confidential-space', bytes: tokenOf(answer), endorsements: [] }
      }),
  }
}

function tokenOf(answer: Uint8Array): Uint8Array {
  if (answer.length > MAX_EVIDENCE_BYTES) throw attesterError(KIND, 'its token is too long')
  let text: string
  try {
    text = fromUtf8(answer).trim()
  } catch (cause) {
    throw attesterError(KIND, 'its answer is not text', cause)
  }
  if (!TOKEN.test(text)) throw attesterError(KIND, 'its answer is not a token')
  return Buffer.from(text)
}
