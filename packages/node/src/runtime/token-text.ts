/**
 * Text out of tokens, as they come. A token can be a part of a character, and a word's space depends on the tokens
 * before it, so pieces are given as soon as they are whole and no sooner. Streams and whole answers both read this, so
 * that they say the same.
 */

/** A model's `detokenize`. */
export type Detokenize = (
  tokens: readonly number[],
  specialTokens: boolean,
  before: readonly number[],
) => string

/** What a decoder writes for bytes that are not, or not yet, a character. */
const UNFINISHED = '\ufffd'
/** A character has at most 4 bytes; what is not whole after so many tokens never will be. */
const MOST_PENDING = 8
/** As many tokens as a model's spacing can look back at. */
const CONTEXT = 8

export class TokenText {
  readonly #detokenize: Detokenize
  #before: number[]
  #pending: number[] = []

  constructor(detokenize: Detokenize, prompt: readonly number[]) {
    this.#detokenize = detokenize
    this.#before = prompt.slice(-CONTEXT)
  }

  /** The text that is whole with this token; often '', when it is not. */
  add(token: number): string {
    this.#pending.push(token)
    const text = this.#detokenize(this.#pending, false, this.#before)
    return text.endsWith(UNFINISHED) && this.#pending.length < MOST_PENDING ? '' : this.#take(text)
  }

  /** What is left, whole or not. */
  end(): string {
    return this.#pending.length === 0 ? '' : this.#take(this.#detokenize(this.#pending, false, this.#before))
  }

  get isWaiting(): boolean {
    return this.#pending.length > 0
  }

  clone(): TokenText {
    const copy = new TokenText(this.#detokenize, this.#before)
    copy.#pending = [...this.#pending]
    return copy
  }

  #take(text: string): string {
    this.#before = [...this.#before, ...this.#pending].slice(-CONTEXT)
    this.#pending = []
    return text
  }
}
