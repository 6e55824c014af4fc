/** Transparency logs: Merkle trees, tiles, checkpoints, cosignatures and policies (RFC 6962, C2SP tlog-*). */
export * from './checkpoint.ts'
export * from './frontier.ts'
export { MAX_PROOF_HASHES } from './hash-lines.ts'
export * from './merkle.ts'
export * from './proof.ts'
export * from './range.ts'
export * from './tile.ts'
export * from './tile-reader.ts'
