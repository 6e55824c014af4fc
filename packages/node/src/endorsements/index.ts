export { betterEndorsements } from './better.ts'
export { fitEndorsements } from './fit.ts'
export { type Gathered, type GatherOptions, gatherEndorsements } from './gather.ts'
