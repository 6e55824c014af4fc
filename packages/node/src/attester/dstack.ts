/**
 * dstack's guest agent (Dstack-TEE/dstack, sdk/curl/api.md, from 0.5 on): a TDX quote over report data that a workload names,
 * by HTTP over a Unix socket.
 */
import { AnswerableError, fromHex, parseJson } from '@answerable/core'
import { type Attester, attesterError, inTime, MAX_EVIDENCE_BYTES, reportDataFor } from './attester.ts'
import { postToSocket } from './socket.ts'

export const DSTACK_SOCKET = '/var/run/dstack.sock'
const KIND = 'dstack'

export interface DstackOptions {
  socket?: string
  timeoutMs: number
}

export function dstackAttester({ socket = DSTACK_SOCKET, timeoutMs }: DstackOptions): Attester {
  return {
    kind: KIND,
    attest: (data, outer) =>
      inTime(KIND, timeoutMs, outer, async signal => {
        const report_data = Buffer.from(reportDataFor('tdx', data)).toString('hex')
        const body = { report_data }
        const answer = await postToSocket({ kind: KIND, socket, path: '/GetQuote', body, signal })
        return { format: 'tdx', bytes: quoteOf(answer), endorsements: [] }
      }),
  }
}

function quoteOf(answer: Uint8Array): Uint8Array {
  try {
    const { quote } = parseJson(answer, { maxBytes: answer.length, maxDepth: 8 }) as { quote?: unknown }
    if (typeof quote !== 'string' || quote.length === 0)
      throw new AnswerableError('bad-shape', 'no field quote')
    if (quote.length > 2 * MAX_EVIDENCE_BYTES) throw new AnswerableError('too-large', 'its quote is too long')
    return fromHex(quote.toLowerCase())
  } catch (cause) {
    throw attesterError(KIND, `its answer is not one of GetQuote: ${(cause as Error).message}`, cause)
  }
}
