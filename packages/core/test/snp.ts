/** See x509.ts. */
export * from '../../node/src/simulated/snp.ts'
