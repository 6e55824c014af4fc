/** Tokens by which a vendor's service says what it made of evidence. */
export * from './confidential-space.ts'
export * from './jws.ts'
export * from './key-set.ts'
export * from './maa.ts'
export * from './nras.ts'
