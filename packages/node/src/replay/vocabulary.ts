/** A model's tokens by the text that they begin with, so that few need to be tried where a text goes on. */

export class Vocabulary {
  readonly #byFirst = new Map<string, number[]>()
  readonly #pieces: string[]
  /** Tokens without text: ends, marks. */
  readonly #silent: number[] = []
  /** Tokens that begin or go on with a part of a character. */
  readonly #partial: number[] = []

  /** `pieceOf` gives a token's text in the middle of others. */
  constructor(size: number, pieceOf: (token: number) => string) {
    this.#pieces = Array.from({ length: size }, (_, token) => pieceOf(token))
    this.#pieces.forEach((piece, token) => {
      const first = piece.charAt(0)
      if (piece === '') this.#silent.push(token)
      else if (piece.includes('\ufffd')) this.#partial.push(token)
      else if (this.#byFirst.get(first)?.push(token) === undefined) this.#byFirst.set(first, [token])
    })
  }

  get size(): number {
    return this.#pieces.length
  }

  /** All that could stand where `rest` is still to come. */
  *at(rest: string): Generator<number> {
    yield* this.#silent
    // No part of a character is the beginning of one in ASCII.
    if (rest === '' || rest.charCodeAt(0) >= 128) yield* this.#partial
    if (rest === '' || rest.startsWith('\ufffd')) {
      for (const tokens of this.#byFirst.values()) yield* tokens
      return
    }
    for (const token of this.#byFirst.get(rest.charAt(0)) ?? []) {
      const piece = this.#pieces[token]!
      // One that is longer can end the answer: what is over was cut off, or held back as the beginning of a stop.
      if (rest.startsWith(piece) || piece.startsWith(rest)) yield token
    }
  }
}
