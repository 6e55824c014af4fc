/**
 * Evidence of where a node runs (RATS, RFC 9334): a verifier for each format, offline, with time, roots and endorsements
 * passed in; what evidence is bound to; and what a reader asks of it.
 */
export * from './appraise.ts'
export * from './binding.ts'
export { budgeted } from './budget.ts'
export * from './check.ts'
export * from './detect.ts'
export * from './document.ts'
export * from './endorsements.ts'
export * from './format.ts'
export * from './formats.ts'
export * from './image-provenance.ts'
export * from './jwt/index.ts'
export * from './nitro/index.ts'
export {
  deviceKindOf,
  formatDeviceEvidence,
  fromSdkEvidence,
  nvidiaGpu,
  nvidiaSwitch,
  reportFromHex,
} from './nvidia/index.ts'
export * from './policy.ts'
export * from './policy-digest.ts'
export * from './reference.ts'
export * from './roots.ts'
export * from './sgx/index.ts'
export * from './sigstore/index.ts'
export {
  certificatesInTable,
  type Generation,
  generationOfCpu,
  parseSnpReport,
  REPORT_BYTES,
  type SnpReport,
  tcbOf,
} from './snp/index.ts'
export * from './tdx/index.ts'
