/** A throwaway network in a child process, which can be killed at any moment. */
import type { Order, Word } from './child.ts'
import { Child } from './child-process.ts'
import type { Moment } from './held-disk.ts'

const HOLD_MS = 10_000

export class ChildGateway {
  readonly url: string
  readonly #child: Child<Word, Order>

  private constructor(url: string, child: Child<Word, Order>) {
    this.url = url
    this.#child = child
  }

  /** Starts one on a folder. */
  static async start(folder: string, upstream: string): Promise<ChildGateway> {
    const { child, word } = await Child.start<Word, Order>('child', [folder, upstream])
    return new ChildGateway('url' in word ? word.url : '', child)
  }

  get alive(): boolean {
    return this.#child.alive
  }

  /** Lets the next commit halt at a moment, and resolves when it has. */
  async hold(hold: Moment): Promise<void> {
    const word = this.#child.next(HOLD_MS)
    this.#child.send({ hold })
    await word
  }

  /** SIGKILL: nothing of it runs any more. Resolves with the signal that it died of. */
  kill(): Promise<NodeJS.Signals | null> {
    return this.#child.kill()
  }
}
