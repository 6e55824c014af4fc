/** The canonical runtime of disputes: onnxruntime's build for WebAssembly. */
export { CanonicalModel, runOperator } from './canonical.ts'
export { CANONICAL_VERSION, findCanonical, loadCanonical } from './library.ts'
export { operatorModel, withAllOutputs } from './model-proto.ts'
