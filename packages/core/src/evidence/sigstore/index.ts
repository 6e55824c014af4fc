/** Where an image came from: Sigstore bundles, checked offline under a trusted root of the reader's. */
export * from './provenance.ts'
export type { Signer } from './signer.ts'
export * from './step.ts'
export type { SignedSubjects } from './subjects.ts'
