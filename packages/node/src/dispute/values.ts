/**
 * Computing a trace's values beside everything else that a process does: the canonical arithmetic is slow, and a gateway
 * answers meanwhile. A run that takes too long, or too much memory, ends with its thread.
 */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AnswerableError } from '@answerable/core'
import type { Tensor } from '@answerable/core/graph'
import type { TraceValue } from '@answerable/core/trace'
import type { ValuesAnswer, ValuesOrder } from './values-worker.ts'

const TIMEOUT_MS = 300_000
const HEAP_MB = 2048
/** What the canonical runtime and the reading of a graph throw. */
const CODES = ['bad-model', 'bad-request', 'bad-config', 'too-large'] as const

/**
 * Every value in canonical order. Throws `bad-model` and `bad-request` as the canonical runtime does, `bad-config` where
 * it is not installed, and `unavailable` where it takes too long.
 */
export async function canonicalValues(
  model: Uint8Array,
  inputs: ReadonlyMap<string, Tensor>,
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): Promise<TraceValue[]> {
  // The same ending as this file's: from the repository they are .ts, and as published .js.
  const script = new URL(`./values-worker${extname(import.meta.filename)}`, import.meta.url)
  const workerData: ValuesOrder = { model, inputs }
  const worker = new Worker(script, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    execArgv: [],
  })
  const { promise, resolve, reject } = Promise.withResolvers<ValuesAnswer>()
  const timer = setTimeout(
    () => reject(new AnswerableError('unavailable', 'the canonical runtime did not end in time')),
    timeoutMs,
  )
  worker.once('message', resolve)
  worker.once('error', cause => {
    reject(new AnswerableError('unavailable', 'the canonical runtime failed', { cause }))
  })
  worker.once('exit', () => reject(new AnswerableError('unavailable', 'the canonical runtime ended early')))
  try {
    const answer = await promise
    if ('values' in answer) return answer.values
    const { code, message } = answer.error
    throw new AnswerableError(CODES.find(one => one === code) ?? 'unavailable', message)
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
