/**
 * The first statement of a log that continues for another one: one that was lost, or came back from a copy older than
 * what a witness saw. It binds the new origin to the last checkpoint that anyone saw of the old.
 */
import { Shape } from '../shape.ts'
import { parseStatement, STATEMENT_TYPE } from './intoto.ts'

export const SUCCESSOR_TYPE = 'https://answerable.dev/successor/v1'

export interface SuccessorStatement {
  /** Unix milliseconds. */
  time: number
  log: string
  predecessor: { origin: string; size: number /** hex */; root: string }
}

const shape = new Shape('bad-statement')

export function formatSuccessor({ time, log, predecessor }: SuccessorStatement): string {
  return JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: [],
    predicateType: SUCCESSOR_TYPE,
    predicate: { time: new Date(time).toISOString(), log, predecessor },
  })
}

export function parseSuccessor(bytes: Uint8Array): SuccessorStatement {
  const { predicateType, predicate } = parseStatement(bytes)
  shape.literal(predicateType, 'predicateType', [SUCCESSOR_TYPE])
  const predecessor = shape.object(predicate.predecessor, 'predecessor')
  return {
    time: shape.time(predicate.time, 'time'),
    log: shape.origin(predicate.log, 'log'),
    predecessor: {
      origin: shape.origin(predecessor.origin, 'predecessor.origin'),
      size: shape.count(predecessor.size, 'predecessor.size'),
      root: shape.digest(predecessor.root, 'predecessor.root'),
    },
  }
}
