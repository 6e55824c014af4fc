/** The tensors of a recorded answer in KServe's form. */
import { AnswerableError, parseJson } from '@answerable/core'
import type { OutputTensor } from '@answerable/core/audit'

export interface RecordedTensors {
  model: string | undefined
  version: string | undefined
  id: string | undefined
  outputs: OutputTensor[]
}

const MOST_OUTPUTS = 1024

/** Throws `bad-format` for what is no such answer. */
export function readTensors(bytes: Uint8Array): RecordedTensors {
  let value: unknown
  try {
    value = parseJson(bytes, { maxBytes: bytes.length, maxDepth: 16, maxKeys: 1 << 16 })
  } catch (cause) {
    throw new AnswerableError('bad-format', 'the recorded answer is no JSON', { cause })
  }
  if (!isObject(value) || !Array.isArray(value.outputs) || value.outputs.length > MOST_OUTPUTS)
    throw bad('no list of outputs')
  return {
    model: textOf(value.model_name),
    version: textOf(value.model_version),
    id: textOf(value.id),
    outputs: value.outputs.map(readTensor),
  }
}

function readTensor(value: unknown): OutputTensor {
  if (!isObject(value)) throw bad('an output that is no object')
  const { name, datatype, shape, data } = value
  if (typeof name !== 'string' || typeof datatype !== 'string') throw bad('an output without name or type')
  if (!Array.isArray(shape) || !shape.every(size => Number.isSafeInteger(size))) throw bad('a shape')
  if (!Array.isArray(data)) throw bad('an output without data')
  const numbers = data.map((item: unknown) => {
    if (typeof item === 'number' || typeof item === 'string') return item
    if (typeof item === 'boolean') return item ? 1 : 0
    throw bad('a value that is none')
  })
  return { name, datatype, shape: shape as number[], data: numbers }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function bad(what: string): AnswerableError {
  return new AnswerableError('bad-format', `the recorded answer: ${what}`)
}
