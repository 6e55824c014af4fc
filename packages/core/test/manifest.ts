/** See x509.ts. */
export * from '../../node/src/simulated/manifest.ts'
