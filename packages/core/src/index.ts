export * from './bytes.ts'
export * from './error.ts'
export * from './json.ts'
export type { Suite } from './suite.ts'
