/** What every model runtime says of itself: all that a result depends on, so that somebody else can repeat it. */
import type { SignedModel } from '@answerable/core/model'

export interface ModelDescription {
  name: string
  version: string
  /** SHA-256 of the model's file, or of its manifest where it has several files; hex. */
  manifest: string
  /** The signed manifest that the file was compared with at the start. */
  signed?: SignedModel
  runtime: RuntimeDescription
  inputs?: TensorSpec[]
  outputs?: TensorSpec[]
}

export interface RuntimeDescription {
  name: 'onnxruntime-node' | 'onnxruntime-web' | 'node-llama-cpp' | 'upstream'
  version: string
  /** Every option that can change a result, under the name that the runtime itself takes it by. */
  configuration: Record<string, string | number | boolean>
  processor: {
    architecture: string
    model: string
    /** Instruction sets that change which kernels run. */
    features?: string[]
  }
}

export interface TensorSpec {
  name: string
  /** KServe v2: FP32, INT64, BOOL, ... */
  datatype: string
  /** -1 is dynamic. */
  shape: number[]
}
