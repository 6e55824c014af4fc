export {
  BINARY_HEADER,
  DEFAULT_LIMITS,
  type InferLimits,
  type InferRequest,
  type InferResponse,
  inferResponse,
  type ModelMetadata,
  modelMetadata,
  parseInferRequest,
  refuseBinary,
} from './kserve.ts'
export {
  type CacheType,
  DEFAULT_SAMPLING,
  type Generation,
  type GenerationEnd,
  LlamaModel,
  type LlamaOptions,
  MAX_SEED,
  type Sampling,
} from './llama.ts'
export type { ChatTurn, Prompt } from './llama-chat.ts'
export { findLlama } from './llama-library.ts'
export { OnnxModel, type OnnxOptions, type Optimisation } from './onnx.ts'
export { describeProcessor } from './processor.ts'
export type { ModelDescription, RuntimeDescription, TensorSpec } from './runtime.ts'
export { datatypeOf, KSERVE_NAMES, type Tensor, type TensorData } from './tensor.ts'
export type { TextRun } from './text-run.ts'
