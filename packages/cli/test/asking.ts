/** Asking a lying gateway, and the lies that are told in headers and receipts. */
import assert from 'node:assert/strict'
import { toBase64Url, utf8 } from '@answerable/core'
import {
  type AnswerableError,
  type RecordedOptions,
  type Refused,
  recorded,
  refusalOf,
} from '../src/client/index.ts'
import type { TestGateway } from './gateway.ts'
import { altered, type Lies, lying, rewritten } from './liar.ts'

export type Code = AnswerableError['code']
/** Of receipts, in milliseconds. */
const TIMEOUT = 300

export interface Asked {
  body: string
  refused: Refused[]
  asked: string[]
  ask(): Promise<{ response: Response; text: string }>
}

/** Asks a gateway for a chat completion, with lies in between. */
export function asking(
  gateway: TestGateway,
  lies: Lies,
  body: object = {},
  options: Partial<RecordedOptions> = {},
): Asked {
  const refused: Refused[] = []
  const asked: string[] = []
  const send = recorded(lying(lies, asked), {
    trust: gateway.trust,
    timeoutMs: TIMEOUT,
    onRefused: refusal => refused.push(refusal),
    ...options,
  })
  const text = JSON.stringify({ model: 'fake', messages: [{ role: 'user', content: 'Why?' }], ...body })
  return {
    body: text,
    refused,
    asked,
    async ask() {
      const response = await send(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: text,
      })
      return { response, text: await response.text() }
    },
  }
}

/** Asks, and gives what was told of the refusal. */
export async function isRefused({ ask, body, refused }: Asked, code: Code, reason: RegExp): Promise<Refused> {
  await assert.rejects(ask, error => {
    assert.equal(refusalOf(error)?.code, code, String(error))
    assert.match(String(error), reason)
    return true
  })
  assert.equal(refused.length, 1)
  assert.equal(refused[0]!.code, code)
  assert.equal(Buffer.from(refused[0]!.request).toString(), body)
  return refused[0]!
}

export const headers = (changes: Record<string, string | null>): Lies => ({
  answer: answer => altered(answer, { headers: changes }),
})
export const receipt = (change: (text: string) => string): Lies => ({
  receipt: async fetched => rewritten(await fetched(), change),
})
/** A receipt's fields as they are in JSON, so far as they are changed here. */
interface Fields {
  statement: string
  proof: string
  begin: object
  disclosures: Record<string, string>
}
export const fields = (change: (receipt: Fields) => unknown): Lies =>
  receipt(text => JSON.stringify(change(JSON.parse(text))))
export const ID = '01a1fe2d-fb4e-72fb-b512-7dc1ea5b4497'
export const SECRET = 'A'.repeat(43)
export const url = (change: (text: string) => string): Lies => ({
  answer: answer =>
    altered(answer, {
      headers: { 'answerable-receipt-url': change(answer.headers.get('answerable-receipt-url')!) },
    }),
})
/** A body without end, a piece at a time. */
export const endless = (
  piece: Uint8Array,
  pause: number,
  count = { pieces: 0 },
): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      await new Promise(resolve => setTimeout(resolve, pause))
      count.pieces++
      controller.enqueue(piece)
    },
  })

export function promise(change: (text: string) => string): Lies {
  return {
    answer: answer => {
      const text = Buffer.from(answer.headers.get('answerable-promise')!, 'base64url').toString()
      return altered(answer, { headers: { 'answerable-promise': toBase64Url(utf8(change(text))) } })
    },
  }
}
