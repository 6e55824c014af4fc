/** ONNX graphs: read whole and strictly, with their values in one canonical order. */
export * from './graph.ts'
export { MAX_MODEL_BYTES, readGraph } from './read-graph.ts'
export * from './tensor.ts'
