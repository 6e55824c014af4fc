/** Callers who ask one question after another until their gateway breaks off or they are told to stop. */
import { type Answer, ask } from './caller.ts'

export class Load {
  /** Whole answers with a receipt: what the gateway has acknowledged. */
  readonly answers: Answer[] = []
  /** Calls that ended without one. */
  broken = 0
  /** When the first of those broke off, on the monotonic clock. */
  brokeAt: number | undefined
  /** Settles when the last caller has stopped. */
  readonly done: Promise<unknown>
  #stopped = false

  constructor(url: string, callers: number) {
    this.done = Promise.all(Array.from({ length: callers }, (_, i) => this.#call(url, i)))
  }

  stop(): void {
    this.#stopped = true
  }

  async #call(url: string, caller: number): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const answer = await ask(url, { prompt: `caller ${caller}, question ${n}` }).catch(() => undefined)
      if (answer?.status === 200 && !answer.cutOff && answer.link !== null) {
        this.answers.push(answer)
        continue
      }
      this.broken++
      this.brokeAt ??= performance.now()
      return
    }
  }
}
