/** Auditing other members' records. */
export { type AuditFound, type AuditItem, AuditQueue } from './audit-queue.ts'
export { Auditor, type AuditorOptions } from './auditor.ts'
export * from './disclosure-client.ts'
export * from './disclosure-outcome.ts'
export * from './operator-log.ts'
