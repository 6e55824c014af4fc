/**
 * Runs records again in a process apart, with limits on time and memory, and records of the same model in a row. What hangs
 * or crashes there costs that record alone: it is `not-rerun`, with the reason, and a new process takes the next.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { extname } from 'node:path'
import { AnswerableError } from '@answerable/core'
import {
  type NotRerun,
  notRerun,
  openForRerun,
  type RecordParts,
  type Rerun,
  type RerunRecord,
} from '@answerable/core/audit'
import { nodeSuite } from '../log/suite.ts'
import { REPLAY_LIMITS, type ReplayLimits } from './limits.ts'
import { modelKey, type RecordedModel, recordedModel } from './recorded-model.ts'
import type { WorkerAnswer, WorkerOrder } from './worker.ts'

export interface ReplayerOptions {
  /** Where the file with a SHA-256 (hex) lies; undefined where it is not here. */
  findModel(sha256: string): string | undefined | Promise<string | undefined>
  limits?: ReplayLimits
  /** For one record, the opening of its model included. */
  timeoutMs?: number
  /** Of the process, where the system tells (Linux). */
  memoryBytes?: number
  /** Records that may wait. */
  queue?: number
  /** Another script in the process: tests put one there that misbehaves. */
  worker?: URL
}

interface Waiting {
  opened: RerunRecord
  recorded: RecordedModel
  key: string
  file: string
  resolve(rerun: Rerun): void
}

const DEFAULT_TIMEOUT = 300_000
const DEFAULT_MEMORY = 8 * 2 ** 30
const DEFAULT_QUEUE = 10_000
/** Records of one model in a row, while others wait. */
const MOST_IN_A_ROW = 256
/** How long a run that was stopped may take to stop. */
const STOP_MS = 2000
const WATCH_MS = 250
const PAGE_BYTES = 4096

export class Replayer {
  readonly #options: ReplayerOptions
  readonly #waiting: Waiting[] = []
  #child: ChildProcess | undefined
  #running: { waiting: Waiting; end(reason: NotRerun): void } | undefined
  #lastKey = ''
  #inARow = 0
  #jobs = 0
  #closed = false

  constructor(options: ReplayerOptions) {
    this.#options = options
  }

  /** Records that wait, without the one that runs. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * Opens a record and runs it again. Whatever stops the run is an outcome, `not-rerun`; throws what `openForRerun` throws
   * for a record that is not what its log committed to, and `too-many-requests` where too many wait.
   */
  async rerun(record: RecordParts, signal?: AbortSignal): Promise<Rerun> {
    const opened = openForRerun(record, nodeSuite)
    const { entry } = opened
    const recorded = recordedModel(opened.model)
    if (typeof recorded === 'string') return notRerun({ entry }, recorded)
    const named = { entry, model: recorded.manifest }
    const limits = this.#options.limits ?? REPLAY_LIMITS
    if (opened.response.bytes.length > limits.responseBytes) return notRerun(named, 'beyond-limits')
    const file = await this.#options.findModel(recorded.manifest)
    if (file === undefined) return notRerun(named, 'no-model-file')
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > limits.modelBytes)
      return notRerun(named, 'beyond-limits')
    if (this.#closed || signal?.aborted) return notRerun(named, 'aborted')
    if (this.#waiting.length >= (this.#options.queue ?? DEFAULT_QUEUE))
      throw new AnswerableError('too-many-requests', `${this.#waiting.length} records wait already`)
    const { promise, resolve } = Promise.withResolvers<Rerun>()
    const key = `${file}\n${modelKey(recorded)}`
    const waiting: Waiting = { opened, recorded, key, file, resolve }
    const abort = () => this.#abort(waiting)
    signal?.addEventListener('abort', abort, { once: true })
    this.#waiting.push(waiting)
    this.#next()
    return promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  /** Ends the process; what waits or runs is `not-rerun`. */
  async close(): Promise<void> {
    this.#closed = true
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(notRerunOf(waiting, 'aborted'))
    this.#running?.end('aborted')
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  #abort(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    if (at !== -1) {
      this.#waiting.splice(at, 1)
      waiting.resolve(notRerunOf(waiting, 'aborted'))
    } else if (this.#running?.waiting === waiting) {
      this.#send({ abort: this.#jobs })
      const running = this.#running
      setTimeout(() => {
        if (this.#running === running) running.end('aborted')
      }, STOP_MS).unref()
    }
  }

  #next(): void {
    if (this.#running !== undefined || this.#waiting.length === 0 || this.#closed) return
    const same = this.#waiting.findIndex(({ key }) => key === this.#lastKey)
    const at = same > 0 && this.#inARow < MOST_IN_A_ROW ? same : 0
    const [waiting] = this.#waiting.splice(at, 1)
    this.#inARow = waiting!.key === this.#lastKey ? this.#inARow + 1 : 0
    this.#lastKey = waiting!.key
    this.#run(waiting!)
  }

  #run(waiting: Waiting): void {
    const { opened, file, resolve } = waiting
    const job = ++this.#jobs
    const child = this.#start()
    const settle = (rerun: Rerun) => {
      clearTimeout(timer)
      clearInterval(watch)
      child.off('message', onMessage)
      child.off('exit', onExit)
      this.#running = undefined
      // An idle process keeps nobody waiting for it.
      child.unref()
      child.channel?.unref()
      resolve(rerun)
      this.#next()
    }
    const end = (reason: NotRerun) => {
      this.#child = undefined
      child.kill('SIGKILL')
      settle(notRerunOf(waiting, reason))
    }
    const onExit = () => {
      this.#child = undefined
      settle(notRerunOf(waiting, 'crashed'))
    }
    const onMessage = (answer: WorkerAnswer) => {
      if (answer.job !== job) return
      settle('rerun' in answer ? answer.rerun : notRerunOf(waiting, 'failed'))
    }
    const { timeoutMs = DEFAULT_TIMEOUT, memoryBytes = DEFAULT_MEMORY } = this.#options
    const timer = setTimeout(() => end('timed-out'), timeoutMs)
    const watch = setInterval(() => {
      if (residentBytes(child.pid) > memoryBytes) end('beyond-limits')
    }, WATCH_MS)
    child.on('message', onMessage)
    child.once('exit', onExit)
    this.#running = { waiting, end }
    child.ref()
    child.channel?.ref()
    this.#send({ job, record: opened, file, limits: this.#options.limits ?? REPLAY_LIMITS })
  }

  #send(order: WorkerOrder): void {
    // Where it is gone its exit says so.
    this.#child?.send(order, () => undefined)
  }

  #start(): ChildProcess {
    if (this.#child?.connected) return this.#child
    // The same ending as this file's: from the repository they are .ts, and as published .js.
    const script =
      this.#options.worker ?? new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)
    const child = fork(script, [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    // What it cannot do shows in its exit.
    child.on('error', () => child.kill('SIGKILL'))
    try {
      // Answers go before audits.
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    } catch {
      // It then competes with them.
    }
    this.#child = child
    return child
  }
}

function notRerunOf({ opened, recorded }: Waiting, reason: NotRerun): Rerun {
  return notRerun({ entry: opened.entry, model: recorded.manifest }, reason)
}

/** 0 where the system does not tell. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES || 0
  } catch {
    return 0
  }
}
