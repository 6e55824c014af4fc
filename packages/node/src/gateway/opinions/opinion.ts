/** One who is asked: what it is given, and what comes back, to be recorded as a call of its own. */
import { AnswerableError, errorCode } from '@answerable/core'
import type { Abstention, TheirReceipt } from '@answerable/core/opinions'
import type { Answered, Asked, Begun, Identity } from '../../record/recorder.ts'
import type { Call } from '../call.ts'
import { CLIENT_CLOSED, errorBody, statusOf } from '../http.ts'

export interface Question {
  call: Call
  /** The call's JSON. */
  fields: unknown
  /** What an opinion's record is named and opened by. */
  identity: Identity
  /** JSON text of its parties disclosure. */
  parties: string
  /** Aborted with what the opinion then ends with. */
  signal: AbortSignal
}

export interface Said {
  asked: Asked
  answered: Answered
  /** Headers that go out with the answer, should it be the one that does. */
  headers: string[]
  /** Where the record began before the answer. */
  begun?: Begun
  /** Why it counts as no opinion, where it does not. */
  reason?: Abstention
  /** Another operator's receipt, and its address with the secret that opens it, for the caller alone. */
  receipt?: TheirReceipt
  receiptUrl?: string
}

export interface Opinion {
  model: string
  operator?: string
  /** Never rejects for a fault of the one that is asked, but where its beginning cannot be recorded. */
  ask(question: Question): Promise<Said>
}

/** The caller has left, and wants no opinion any more. */
export class CallerGone extends Error {}

/** What an opinion ends with that gave no answer. */
export function failed(
  error: unknown,
  { call }: Question,
  path: string,
): Pick<Said, 'answered' | 'headers'> & {
  reason: Abstention
} {
  const none = { status: CLIENT_CLOSED, response: Buffer.alloc(0), mediaType: '' }
  if (error instanceof CallerGone)
    return { answered: { ...none, outcome: 'client-aborted' }, headers: [], reason: 'cancelled' }
  const known = error instanceof AnswerableError
  if (!known) call.context.report(error)
  const late = errorCode(error) === 'upstream-timeout'
  const refused = known && statusOf(error.code) < 500
  const { status, body } = errorBody(error, path)
  return {
    answered: {
      response: body,
      status,
      mediaType: 'application/json',
      outcome: late ? 'upstream-timeout' : refused ? 'refused' : 'upstream-error',
    },
    headers: [],
    reason: late ? 'timeout' : refused ? 'refused' : 'failed',
  }
}

/** What work comes to, or the signal's reason, should that come first; the work is then no longer waited for. */
export function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
