/**
 * Ends a text before the first of some strings, while it comes in pieces: what could be the beginning of one is held
 * back until it is clear.
 */
export class StopText {
  readonly #stops: readonly string[]
  #held = ''
  /** Whether one of the strings came. Nothing is given after it. */
  stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter(stop => stop !== '')
  }

  /** The text that can be given now. */
  add(piece: string): string {
    if (this.stopped) return ''
    const text = this.#held + piece
    const at = this.#firstStop(text)
    if (at !== undefined) {
      this.stopped = true
      this.#held = ''
      return text.slice(0, at)
    }
    const given = text.length - this.#beginning(text)
    this.#held = text.slice(given)
    return text.slice(0, given)
  }

  /** What was held back, now that nothing more comes. */
  end(): string {
    const held = this.#held
    this.#held = ''
    return held
  }

  get isWaiting(): boolean {
    return this.#held !== ''
  }

  clone(): StopText {
    const copy = new StopText(this.#stops)
    copy.#held = this.#held
    copy.stopped = this.stopped
    return copy
  }

  #firstStop(text: string): number | undefined {
    const places = this.#stops.map(stop => text.indexOf(stop)).filter(at => at !== -1)
    return places.length === 0 ? undefined : Math.min(...places)
  }

  /** The length of the longest end of `text` that is a beginning of one of the strings. */
  #beginning(text: string): number {
    let longest = 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length
      }
    }
    return longest
  }
}
