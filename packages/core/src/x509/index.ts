/**
 * Certificates (X.509, RFC 5280): read strictly, followed to a root that the reader trusts, held against lists of
 * revocations. Synchronous and without a platform, like all of core.
 */
export * from './certificate.ts'
export * from './chain.ts'
export * from './crl.ts'
export * from './der.ts'
export * from './name.ts'
export * from './ocsp.ts'
export * from './pem.ts'
export * from './public-key.ts'
