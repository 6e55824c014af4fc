/**
 * Stands before what audits compute in this process, so that one part of it can be made to lie: for drills and tests. No
 * configuration has any of it.
 */
import type { DisclosedRecord, Rerun } from '@answerable/core/audit'
import type { Tensor } from '@answerable/core/graph'
import type { TraceValue } from '@answerable/core/trace'

export interface AuditHooks {
  /** What came of running a record again, before it is stated. */
  found?(rerun: Rerun): Rerun
  /** The values of this side's trace in a dispute, given what the record says was answered. */
  values?(values: TraceValue[], response: ReadonlyMap<string, Tensor> | undefined): TraceValue[]
  /** Whether this side makes a move that is due. */
  moves?(): boolean
  /** A record as this operator opens it. What it throws is said in its place. */
  opens?(record: DisclosedRecord): DisclosedRecord
  /** How often a record is asked for before its operator is challenged. */
  tries?: number
}
