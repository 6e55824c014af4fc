/**
 * The text of one answer out of its tokens, and when it ends: shared by what generates an answer and by what follows a
 * recorded one, so that both cut the same tokens into the same text.
 */
import type { StopText } from './stop-text.ts'
import type { TokenText } from './token-text.ts'

export interface GenerationEnd {
  finish: 'stop' | 'length'
  /** Tokens drawn, without the one that ended it. */
  tokens: number
}

export interface TextRunOptions {
  decoder: TokenText
  stops: StopText
  /** Tokens at most. */
  most: number
  /** Whether a token ends the answer by itself. */
  isEnd(token: number): boolean
}

export class TextRun {
  readonly #options: TextRunOptions
  /** Tokens so far. */
  count = 0
  /** How it ended; undefined while it has not. */
  end: GenerationEnd | undefined

  constructor(options: TextRunOptions) {
    this.#options = options
  }

  /** Whether all text so far is given: no part of a character waits, and nothing that may be a stop. */
  get isSettled(): boolean {
    const { decoder, stops } = this.#options
    return !decoder.isWaiting && !stops.isWaiting
  }

  /** The pieces of text that can be given with this token. Not to be called after the end. */
  add(token: number): string[] {
    const { decoder, stops, most, isEnd } = this.#options
    const pieces: string[] = []
    const give = (piece: string) => {
      if (piece !== '') pieces.push(piece)
    }
    const ended = isEnd(token)
    if (!ended) {
      this.count++
      give(stops.add(decoder.add(token)))
      if (stops.stopped) this.end = { finish: 'stop', tokens: this.count }
      else if (this.count < most) return pieces
    }
    if (this.end === undefined) {
      give(stops.add(decoder.end()) + stops.end())
      this.end = { finish: ended || stops.stopped ? 'stop' : 'length', tokens: this.count }
    }
    return pieces
  }

  /** Another that stands where this one does: to see what a token would do. */
  clone(): TextRun {
    const { decoder, stops, ...rest } = this.#options
    const copy = new TextRun({ ...rest, decoder: decoder.clone(), stops: stops.clone() })
    copy.count = this.count
    copy.end = this.end
    return copy
  }
}
