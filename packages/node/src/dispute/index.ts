/** Disputes about records: both sides' moves, what they show, and those who judge (docs/disputes.md). */
export { Disputant, type DisputantOptions } from './disputant.ts'
export type { Shown } from './evidence.ts'
export { EvidenceClient } from './evidence-client.ts'
export { EvidenceService, evidenceApp } from './evidence-service.ts'
export { type DisputedRecord, GraphCase } from './graph-case.ts'
export { type DisclosedForDispute, Jury, type JuryOptions } from './jury.ts'
