/** The makers of simulated evidence are published with the drills; the wall is for sources, and this is for tests. */
export * from '../../node/src/simulated/certificates.ts'
