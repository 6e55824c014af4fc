/** Digests of the statements that were in the log lately, so that one that comes again is known. */

export class Seen {
  /** Digest to whether it was effective. A newer generation and an older, of which the older is dropped as a whole. */
  #young = new Map<string, boolean>()
  #old = new Map<string, boolean>()
  #began = 0
  /** Author's times up to this are of statements that may have been forgotten: they are stale. Unix milliseconds. */
  floor = 0

  get(digest: string): boolean | undefined {
    return this.#young.get(digest) ?? this.#old.get(digest)
  }

  add(digest: string, effective: boolean): void {
    this.#young.set(digest, effective || this.get(digest) === true)
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
    this.#old = this.#young
    this.#young = new Map()
    this.#began = now
  }
}
