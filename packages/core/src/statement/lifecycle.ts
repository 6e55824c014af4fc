/**
 * Statements about records rather than of them: content erased, put on legal hold, released. They stand in the same
 * log as the records, so that nobody can later say that an erasure never happened, or that it had been asked for.
 */
import { Shape } from '../shape.ts'
import { parseStatement, STATEMENT_TYPE } from './intoto.ts'

export const LIFECYCLE_TYPE = 'https://answerable.dev/lifecycle/v1'
export const LIFECYCLE_ACTIONS = ['erase', 'hold', 'release'] as const
export type LifecycleAction = (typeof LIFECYCLE_ACTIONS)[number]

export interface LifecycleStatement {
  action: LifecycleAction
  /** Unix milliseconds. */
  time: number
  log: string
  /** The records meant: indexes from `first` up to but not including `end`. */
  first: number
  end: number
  /** `request` of a person, `retention` period over, `legal` hold. A word, never a name. */
  reason: (typeof REASONS)[number]
}

export const REASONS = ['request', 'retention', 'legal'] as const
const shape = new Shape('bad-statement')

export function formatLifecycle({ action, time, log, first, end, reason }: LifecycleStatement): string {
  return JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: [],
    predicateType: LIFECYCLE_TYPE,
    predicate: { action, time: new Date(time).toISOString(), log, first, end, reason },
  })
}

export function parseLifecycle(bytes: Uint8Array): LifecycleStatement {
  const { predicateType, predicate } = parseStatement(bytes)
  shape.literal(predicateType, 'predicateType', [LIFECYCLE_TYPE])
  const first = shape.count(predicate.first, 'first')
  const end = shape.count(predicate.end, 'end')
  if (end <= first) shape.fail('end', 'an index after first')
  return {
    action: shape.literal(predicate.action, 'action', LIFECYCLE_ACTIONS),
    time: shape.time(predicate.time, 'time'),
    log: shape.origin(predicate.log, 'log'),
    first,
    end,
    reason: shape.literal(predicate.reason, 'reason', REASONS),
  }
}
