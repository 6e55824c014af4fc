/** A model in the canonical arithmetic of disputes, as something that records can be run again on. */
import { readFile } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import { type Elements, type ElementType, readGraph, type Tensor as Value } from '@answerable/core/graph'
import { CANONICAL_VERSION, CanonicalModel } from '../canonical/index.ts'
import { describeProcessor, type ModelDescription, type Tensor } from '../runtime/index.ts'
import type { TensorModel } from './onnx.ts'

const TYPES: Record<string, ElementType> = {
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP32: 'float32',
  FP64: 'float64',
}
const DATATYPES = Object.fromEntries(Object.entries(TYPES).map(([datatype, type]) => [type, datatype]))

/**
 * Opens the file of a model that `native` describes: names and shapes of its inputs and outputs are taken from there. Throws
 * what `CanonicalModel.open` throws.
 */
export async function openCanonical(file: string, native: ModelDescription): Promise<TensorModel> {
  const bytes = await readFile(file)
  const model = await CanonicalModel.open(bytes, readGraph(bytes))
  const description: ModelDescription = {
    ...native,
    runtime: {
      name: 'onnxruntime-web',
      version: CANONICAL_VERSION,
      configuration: { numThreads: 1, graphOptimizationLevel: 'disabled' },
      processor: describeProcessor(),
    },
  }
  return {
    describe: () => description,
    async infer(inputs, outputs) {
      const values = await model.values(new Map(inputs.map(input => [input.name, inputOf(input)])))
      const names = (native.outputs ?? []).map(({ name }) => name)
      return names
        .filter(name => outputs?.includes(name) ?? true)
        .map(name => tensorOf(name, values.findLast(value => value.name === name)?.tensor))
    },
    close: () => model.close(),
  }
}

function inputOf({ name, datatype, shape, data }: Tensor): Value {
  const type = TYPES[datatype]
  if (type === undefined || Array.isArray(data))
    throw new AnswerableError('bad-request', `the input '${name}' is ${datatype}`)
  return { type, dims: shape, data: data as Elements }
}

function tensorOf(name: string, value: Value | undefined): Tensor {
  const datatype = value === undefined ? undefined : DATATYPES[value.type]
  if (value === undefined || datatype === undefined)
    throw new AnswerableError('bad-request', `the output '${name}' is not to be had`)
  return { name, datatype, shape: [...value.dims], data: value.data as Tensor['data'] }
}
