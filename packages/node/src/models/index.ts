export { BIAS, GENERATOR_VERSION, type GeneratedApplicant, generateApplicants } from './credit-generator.ts'
export { creditGraph, type GraphDescription } from './credit-graph.ts'
export { creditInt8Graph } from './credit-int8-graph.ts'
export {
  type Applicant,
  applicantProblems,
  type CategoryKind,
  type CategoryOption,
  CREDIT_FEATURES,
  type CreditFeature,
  defaultApplicant,
  type NumberKind,
} from './credit-schema.ts'
export { GROUPS, type LabelledApplicant } from './dataset.ts'
export { buildDemoModels, type DemoModel } from './demo-models.ts'
export { evaluate, type Figures } from './evaluate.ts'
export {
  editedGguf,
  GGUF_TYPES,
  type GgufEdit,
  type GgufNoise,
  type GgufType,
  type GgufVariant,
  perturbedGguf,
  quantisedGguf,
} from './gguf-variants.ts'
export type { ModelCard } from './model-card.ts'
export { type Decision, decide, type Network } from './network.ts'
export { type OnnxModelFile, writeOnnx } from './onnx-writer.ts'
export { decideQuantised, type QuantisedNetwork, quantise } from './quantise.ts'
export { parseStatlog } from './statlog.ts'
export { type TrainOptions, train } from './train.ts'
