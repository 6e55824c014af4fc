/** Trying again what failed: now and then, when somebody asks, and while nobody waits for it. */

export class Retry {
  readonly #attempt: () => Promise<unknown>
  readonly #everyMs: number
  #running: Promise<void> | undefined
  /** On the clock of `performance`. */
  #notBefore = 0

  constructor(attempt: () => Promise<unknown>, everyMs: number) {
    this.#attempt = attempt
    this.#everyMs = everyMs
  }

  /** Starts an attempt, unless one is under way or was made just now. */
  ask(): void {
    const start = performance.now()
    if (this.#running !== undefined || start < this.#notBefore) return
    this.#running = this.#attempt()
      .catch(() => undefined)
      .then(() => {
        // An attempt may take long, as to fill what is left of a full disk. Most of the time is for others.
        const wait = Math.min(10 * (performance.now() - start), 30 * this.#everyMs)
        this.#notBefore = start + Math.max(this.#everyMs, wait)
        this.#running = undefined
      })
  }

  async idle(): Promise<void> {
    await this.#running
  }
}
