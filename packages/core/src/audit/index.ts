/**
 * Audits (docs/audits.md): which records are due; and running one again: what is compared, how close is close enough, and
 * how what came of it is called.
 */
export * from './bounds.ts'
export * from './decisions.ts'
export * from './draw.ts'
export { Uniforms } from './mersenne.ts'
export * from './opened-record.ts'
export * from './outputs.ts'
export * from './rerun.ts'
export * from './sampling.ts'
export * from './setting.ts'
export * from './tokens.ts'
export { ulpOf32, ulpOf64, ulps32, ulps64 } from './ulp.ts'
