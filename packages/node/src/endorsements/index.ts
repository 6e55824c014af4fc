export { betterEndorsements } from './better.ts'
export { type Gathered, type GatherOptions, gatherEndorsements } from './gather.ts'
