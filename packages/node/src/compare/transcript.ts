/**
 * What was asked and answered, a JSON object a line. Its digest goes into the statement; the text stays here, and is
 * written only where somebody asked for that. The first line is random, so that a digest tells nothing to whoever
 * guesses at the content.
 */
import { createHash, randomBytes } from 'node:crypto'

export class Transcript {
  readonly #hash = createHash('sha256')
  readonly #keep: ((line: string) => void) | undefined

  constructor(keep?: (line: string) => void) {
    this.#keep = keep
    this.add({ salt: randomBytes(32).toString('hex') })
  }

  add(entry: object): void {
    const line = `${JSON.stringify(entry)}\n`
    this.#hash.update(line)
    this.#keep?.(line)
  }

  /** Once, at the end. */
  digest(): string {
    return this.#hash.digest('hex')
  }
}
