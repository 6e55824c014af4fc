/** Traces: commitments to every value of a graph, and openings of parts of them. */
export {
  type Commitment,
  claimHash,
  type Head,
  headHash,
  LEVELS,
  type LeafClaim,
  MAX_TILES,
  MAX_VALUES,
  TILE_ELEMENTS,
  TRACE_VERSION,
  tileCount,
  tileHash,
  tileHashOf,
  tileRange,
} from './commitment.ts'
export * from './opening.ts'
export { childrenOf, descendantsOf, foldHashes, type Range } from './subtree.ts'
export { claimOf, Trace, type TraceValue } from './trace.ts'
