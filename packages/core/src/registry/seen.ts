/** Digests of the statements that were in the log lately, so that one that comes again is known. */

export class Seen {
  /** A newer generation and an older, of which the older is dropped as a whole. Packed, since there are many. */
  #young = new Map<string, number>()
  #old = new Map<string, number>()
  #began = 0
  /** Author's times up to this are of statements that may have been forgotten: they are stale. Unix milliseconds. */
  floor = 0

  /** Whether it took effect; undefined where it is not known. */
  get(digest: string): boolean | undefined {
    const packed = this.#young.get(digest) ?? this.#old.get(digest)
    return packed === undefined ? undefined : packed % 2 !== 0
  }

  add(digest: string, effective: boolean, time: number): void {
    this.#young.set(digest, time * 2 + Number(effective))
  }

  /**
   * Drops a generation that is `span` old. `ahead` is how far an author's time may be ahead of registry time; both and
   * `now` in milliseconds.
   */
  turn(now: number, span: number, ahead: number): void {
    if (now === 0) return
    if (this.#began === 0) this.#began = now
    if (now - this.#began < span) return
    if (this.#old.size > 0) this.floor = Math.max(this.floor, this.#began + ahead)
    const dropped = this.#old
    this.#old = this.#young
    this.#young = new Map()
    this.#began = now
    // From before the first tick, or of a kind that may be far ahead: not stale by its time yet.
    for (const [digest, packed] of dropped)
      if (packed % 2 !== 0 && Math.floor(packed / 2) > this.floor) this.#old.set(digest, packed)
  }
}
