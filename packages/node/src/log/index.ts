export * from './keys.ts'
export * from './log.ts'
export { nodeSuite } from './suite.ts'
