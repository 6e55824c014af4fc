export * from './bytes.ts'
export * from './error.ts'
export type { Suite } from './suite.ts'
