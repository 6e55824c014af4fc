/** Text at a boundary: bounded, valid UTF-8, and the same whether it came as bytes or as a string. */
import { fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'

/**
 * The text of `input`, which is at most `maxBytes` bytes of UTF-8. `what` names the input in messages.
 * Throws `too-large`, and `not-utf8` (for a string: a lone surrogate, which has no UTF-8).
 */
export function boundedText(input: Uint8Array | string, maxBytes: number, what: string): string {
  if (typeof input !== 'string') {
    if (input.length > maxBytes) throw tooLarge(what, maxBytes)
    return fromUtf8(input)
  }
  // One UTF-16 unit takes at most 3 bytes, so most strings need no encoding to be measured.
  if (input.length > maxBytes || (input.length * 3 > maxBytes && utf8(input).length > maxBytes))
    throw tooLarge(what, maxBytes)
  if (!input.isWellFormed()) throw new AnswerableError('not-utf8', `${what}: a lone surrogate`)
  return input
}

function tooLarge(what: string, maxBytes: number): AnswerableError {
  return new AnswerableError('too-large', `${what}: over ${maxBytes} bytes`)
}

/** Whether the text has an ASCII control character (below U+0020) other than newline. */
export function hasControl(text: string): boolean {
  return /[^\n -\uffff]/.test(text)
}
