/** Audits: which records are due, and what comes of running them again (docs/audits.md). */
export * from './sampling.ts'
export * from './trace-key.ts'
