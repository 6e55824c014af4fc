/** Auditing other members' records. */
export * from './disclosure-client.ts'
export * from './disclosure-outcome.ts'
export * from './operator-log.ts'
