/** A throwaway network in a child process, which can be killed at any moment. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { Order, Word } from './child.ts'
import type { Moment } from './held-disk.ts'

const START_MS = 30_000
const HOLD_MS = 10_000

export class ChildGateway {
  readonly url: string
  readonly #process: ChildProcess

  private constructor(url: string, process: ChildProcess) {
    this.url = url
    this.#process = process
  }

  /** Starts one on a folder. `onStart` gets its process id as soon as there is one. */
  static async start(folder: string, upstream: string): Promise<ChildGateway> {
    // The same ending as this file's: from the repository they are .ts, and as published .js.
    const script = new URL(`./child${extname(import.meta.filename)}`, import.meta.url)
    const child = fork(script, [folder, upstream], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    try {
      const word = await next(child, START_MS)
      if (!('url' in word))
        throw new AnswerableError('internal', `the child did not start: ${'failed' in word && word.failed}`)
      return new ChildGateway(word.url, child)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  get alive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Lets the next commit halt at a moment, and resolves when it has. */
  async hold(hold: Moment): Promise<void> {
    const word = next(this.#process, HOLD_MS)
    this.#process.send({ hold } satisfies Order)
    await word
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
}

/** The child's next word. Rejects where it ends or says nothing in time. */
function next(child: ChildProcess, ms: number): Promise<Word> {
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
