/** Running records again: in this process, or in one apart for an auditor's queue. */
export { openCanonical } from './canonical-model.ts'
export { REPLAY_LIMITS, type ReplayLimits } from './limits.ts'
export { LlamaReplay, rerunLlama } from './llama.ts'
export { OnnxReplay, type OnnxReplayOptions, type TensorModel } from './onnx.ts'
export { modelKey, type RecordedModel, recordedModel } from './recorded-model.ts'
export { openReplay, type Replay, rerun } from './replay.ts'
export { Replayer, type ReplayerOptions } from './replayer.ts'
