/** Somebody who asks a gateway, and keeps what came: the bytes, the headers, and whether the answer was cut off. */
import type { ParrotModel } from './upstream.ts'

export interface Asking {
  prompt: string
  model?: ParrotModel
  stream?: boolean
  /** Told of all that came so far, after each piece of the answer. */
  onPiece?: (bytes: Buffer) => void
  signal?: AbortSignal
}

export interface Answer {
  status: number
  headers: Headers
  request: Buffer
  /** As far as it came. */
  response: Buffer
  cutOff: boolean
  /** The record's id. */
  id: string | null
  /** Where the receipt is, with the holder secret in its fragment. */
  link: string | null
  /** A stream's signed promise, base64url. */
  promise: string | null
}

export const CHAT_PATH = '/v1/chat/completions'

/** Rejects where there was no answer at all. */
export async function ask(url: string, asking: Asking): Promise<Answer> {
  const { prompt, model = 'parrot', stream = false, onPiece, signal } = asking
  const request = Buffer.from(
    JSON.stringify({ model, stream, messages: [{ role: 'user', content: prompt }] }),
  )
  const response = await fetch(url + CHAT_PATH, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: request,
    ...(signal && { signal }),
  })
  const parts: Uint8Array[] = []
  let cutOff = false
  try {
    for await (const part of response.body!) {
      parts.push(part)
      onPiece?.(Buffer.concat(parts))
    }
  } catch {
    cutOff = true
  }
  const { status, headers } = response
  return {
    status,
    headers,
    request,
    response: Buffer.concat(parts),
    cutOff,
    id: headers.get('answerable-receipt'),
    link: headers.get('answerable-receipt-url'),
    promise: headers.get('answerable-promise'),
  }
}

/** Asks one after the other, so that each has a commit of its own. */
export async function askEach(url: string, prompts: readonly string[]): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const prompt of prompts) answers.push(await ask(url, { prompt }))
  return answers
}

/** How many whole events of a stream have come. */
export function eventsIn(bytes: Uint8Array): number {
  return Buffer.from(bytes).toString().split('\n\n').length - 1
}
