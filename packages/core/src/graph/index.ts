/** ONNX graphs: read whole and strictly, with their values in one canonical order. */
export { broadcastDims, sourceIndex } from './broadcast.ts'
export * from './graph.ts'
export { MAX_MODEL_BYTES, readGraph } from './read-graph.ts'
export * from './tensor.ts'
