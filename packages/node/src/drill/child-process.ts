/** A script of this folder in a process of its own, which can be killed at any moment. Talks over its IPC channel. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { AnswerableError } from '@answerable/core'

const START_MS = 30_000

/** What a child says that could not start. */
export interface Failed {
  failed: string
}

export class Child<Word extends object, Order extends object> {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Starts it, and resolves with its first word. Rejects where that is that it failed. */
  static async start<Word extends object, Order extends object>(
    name: string,
    args: readonly string[],
  ): Promise<{ child: Child<Word, Order>; word: Exclude<Word, Failed> }> {
    // The same ending as this file's: from the repository they are .ts, and as published .js.
    const script = new URL(`./${name}${extname(import.meta.filename)}`, import.meta.url)
    const child = new Child<Word, Order>(
      fork(script, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    )
    try {
      const word = await child.next(START_MS)
      if ('failed' in word) throw new AnswerableError('internal', `the child did not start: ${word.failed}`)
      return { child, word: word as Exclude<Word, Failed> }
    } catch (error) {
      child.#process.kill('SIGKILL')
      throw error
    }
  }

  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  send(order: Order): void {
    this.#process.send(order)
  }

  /** SIGKILL: nothing of it runs any more. Resolves with the signal that it died of. */
  async kill(): Promise<NodeJS.Signals | null> {
    if (this.alive) {
      const exit = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await exit
    }
    return this.#process.signalCode
  }

  /** Its next word. Rejects where it ends or says nothing in time. */
  next(ms: number): Promise<Word> {
    const child = this.#process
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer)
        child.off('message', onMessage)
        child.off('exit', onExit)
        child.off('error', onError)
        act()
      }
      const fail = (message: string, cause?: unknown) =>
        settle(() => reject(new AnswerableError('internal', message, { cause })))
      const onMessage = (word: unknown) => settle(() => resolve(word as Word))
      const onExit = () => fail('the child ended too early')
      const onError = (error: Error) => fail('the child could not be started', error)
      const timer = setTimeout(() => fail(`the child said nothing for ${ms} ms`), ms)
      child.on('message', onMessage)
      child.on('exit', onExit)
      child.on('error', onError)
    })
  }
}
