/** Audits: which records are due, and what comes of running them again (docs/audits.md). */

export * from './disclosed-record.ts'
export * from './disclosure-answer.ts'
export * from './disclosure-request.ts'
export * from './entitlement.ts'
export * from './recipient.ts'
export * from './sampling.ts'
export { MAX_SIGNED_BYTES, type Said, type Signed, signerOf } from './signed-statement.ts'
export * from './trace-key.ts'
