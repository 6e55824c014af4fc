/**
 * Computing a trace's values beside everything else that a process does: the canonical arithmetic is slow, and a gateway
 * answers meanwhile. A run that takes too long, or too much memory, ends with its thread; one that went well leaves it to
 * the next for a while, since loading the runtime takes longer than a small graph does.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AnswerableError } from '@answerable/core'
import type { Tensor } from '@answerable/core/graph'
import type { TraceValue } from '@answerable/core/trace'
import type { ValuesAnswer, ValuesOrder } from './values-worker.ts'

const TIMEOUT_MS = 300_000
const HEAP_MB = 2048
/** WebAssembly's memory never shrinks, so a thread is not kept for ever. */
const MOST_RUNS = 64
const IDLE_MS = 5000
/** What the canonical runtime and the reading of a graph throw. */
const CODES = ['bad-model', 'bad-request', 'bad-config', 'too-large'] as const

interface Thread {
  worker: Worker
  runs: number
}

/** The one that waits for another run. */
let idle: (Thread & { timer: NodeJS.Timeout; forget(): void }) | undefined

/**
 * Every value in canonical order. Throws `bad-model` and `bad-request` as the canonical runtime does, `bad-config` where
 * it is not installed, and `unavailable` where it takes too long.
 */
export async function canonicalValues(
  model: Uint8Array,
  inputs: ReadonlyMap<string, Tensor>,
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<TraceValue[]> {
  const thread = take()
  let answer: ValuesAnswer
  try {
    answer = await answered(thread.worker, { model, inputs }, timeoutMs)
  } catch (error) {
    await thread.worker.terminate()
    throw error
  }
  await leave(thread)
  if ('values' in answer) return answer.values
  const { code, message } = answer.error
  throw new AnswerableError(CODES.find(one => one === code) ?? 'unavailable', message)
}

async function answered(worker: Worker, order: ValuesOrder, timeoutMs: number): Promise<ValuesAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ValuesAnswer>()
  const fail = (message: string, cause?: unknown) =>
    reject(new AnswerableError('unavailable', message, { cause }))
  const timer = setTimeout(() => fail('the canonical runtime did not end in time'), timeoutMs)
  const onError = (cause: unknown) => fail('the canonical runtime failed', cause)
  const onExit = () => fail('the canonical runtime ended early')
  worker.once('message', resolve)
  worker.once('error', onError)
  worker.once('exit', onExit)
  try {
    worker.postMessage(order)
    return await promise
  } finally {
    clearTimeout(timer)
    worker.off('message', resolve)
    worker.off('error', onError)
    worker.off('exit', onExit)
  }
}

function take(): Thread {
  const waiting = idle
  idle = undefined
  if (waiting !== undefined) {
    const { worker, runs, timer, forget } = waiting
    clearTimeout(timer)
    worker.off('error', forget)
    worker.off('exit', forget)
    worker.ref()
    return { worker, runs }
  }
  // The same ending as this file's: from the repository they are .ts, and as published .js.
  const script = new URL(`./values-worker${extname(import.meta.filename)}`, import.meta.url)
  const worker = new Worker(script, {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    execArgv: [],
  })
  return { worker, runs: 0 }
}

async function leave({ worker, runs: before }: Thread): Promise<void> {
  const runs = before + 1
  if (idle !== undefined || runs >= MOST_RUNS) {
    await worker.terminate()
    return
  }
  // It keeps no process from ending.
  worker.unref()
  const forget = () => {
    if (idle?.worker === worker) idle = undefined
    void worker.terminate()
  }
  const timer = setTimeout(forget, IDLE_MS)
  timer.unref()
  worker.once('error', forget)
  worker.once('exit', forget)
  idle = { worker, runs, timer, forget }
}
