/** What went wrong, in words for the reader and a stable code for whoever helps them. */
import { AnswerableError } from '@answerable/core'

export interface Problem {
  code: string
  message: string
}

export class PageError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PageError'
    this.code = code
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof PageError || error instanceof AnswerableError)
    return { code: error.code, message: sentence(error.message) }
  return { code: 'internal', message: 'Something in this page itself went wrong. Reloading it may help.' }
}

/** Messages of the libraries are clauses; a reader gets a sentence. One that begins with a field's name keeps it. */
function sentence(message: string): string {
  const named = /^[\w.[\]]+:/.test(message)
  const text = named ? message : message.charAt(0).toUpperCase() + message.slice(1)
  return /[.!?]$/.test(text) ? text : `${text}.`
}
