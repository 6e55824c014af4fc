/** A model of two inputs and two outputs, and a good value for each input. */
import type { ModelDescription, TensorSpec } from './runtime.ts'

export const specs: TensorSpec[] = [
  { name: 'x', datatype: 'FP32', shape: [-1, 2] },
  { name: 'n', datatype: 'INT64', shape: [1] },
]
export const outputs: TensorSpec[] = [
  { name: 'p', datatype: 'FP32', shape: [-1, 1] },
  { name: 'ok', datatype: 'BOOL', shape: [-1, 1] },
]
export const model: ModelDescription = {
  name: 'm',
  version: '2',
  manifest: '00',
  runtime: {
    name: 'onnxruntime-node',
    version: '1',
    configuration: {},
    processor: { architecture: 'x64', model: 'p' },
  },
  inputs: specs,
  outputs,
}
export const x = { name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2.5, -3, 0] }
export const n = { name: 'n', datatype: 'INT64', shape: [1], data: [7] }
