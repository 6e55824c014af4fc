/** An answer that came whole, as it is recorded: decoded, with what it says of itself. */
import { hash } from 'node:crypto'
import { AnswerableError, errorCode } from '@answerable/core'
import type { Answered, Outcome } from '../record/recorder.ts'
import { factsOf } from './answer-facts.ts'
import type { AnswerHead } from './backend.ts'
import { one } from './headers.ts'
import { decode } from './http.ts'

export interface WholeAnswer {
  answered: Answered
  /** The model that the answer names. */
  model: string | undefined
}

/** Throws `upstream-broken` for one that cannot be decoded, or has more than `most` bytes then. */
export async function wholeAnswer(
  { status, headers }: AnswerHead,
  chunks: readonly Buffer[],
  most: number,
): Promise<WholeAnswer> {
  const raw = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  const encoding = one(headers['content-encoding'])
  let response = raw
  if (encoding !== '' && encoding !== 'identity') {
    try {
      response = await decode(raw, encoding, most)
    } catch (cause) {
      throw new AnswerableError('upstream-broken', 'the upstream’s answer cannot be decoded', { cause })
    }
  }
  const mediaType = one(headers['content-type'])
  const { model, ...facts } = factsOf(response, mediaType)
  const outcome = status < 400 ? 'ok' : 'upstream-error'
  const answered: Answered = { response, status, mediaType, outcome, ...facts }
  if (response !== raw) answered.upstream = { sha256: hash('sha256', raw, 'hex'), length: raw.length }
  return { answered, model }
}

export function outcomeOf(error: unknown): Outcome {
  return errorCode(error) === 'upstream-timeout' ? 'upstream-timeout' : 'upstream-error'
}
