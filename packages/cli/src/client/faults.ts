/** The two ways in which an answer has no good receipt. */
import { AnswerableError } from '@answerable/core'

/** There is none to be had. */
export function none(message: string, cause?: unknown): AnswerableError {
  return new AnswerableError('no-receipt', message, { cause })
}

/** There is one, and it is not of this answer. */
export function rejected(message: string, cause?: unknown): AnswerableError {
  return new AnswerableError('receipt-rejected', message, { cause })
}

/** What went wrong, as one of the two unless it has a code of its own. */
export function asFault(cause: unknown): AnswerableError {
  return cause instanceof AnswerableError ? cause : none('the receipt could not be had', cause)
}
