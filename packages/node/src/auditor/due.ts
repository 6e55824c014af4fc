/**
 * What an auditor takes on of an epoch's sample. Each operator has its part of the room, and each of its logs a part of
 * that: one that anchors more than it has, or lets nothing be had, keeps no other from being audited. What there is no room
 * for is left out by chance, so that nobody knows beforehand what that will be.
 */
import { drawn } from '@answerable/core/audit'
import type { EpochRecord, LogRecord } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'

export interface Room {
  logs: { get(origin: string): LogRecord | undefined; values(): Iterable<LogRecord> }
  /** How many records of each log wait already. */
  waiting: ReadonlyMap<string, number>
  /** Whose records are not looked at: one's own. */
  except: string
  /** Records that may wait; half of it is for what is drawn. */
  room: number
}

export interface Due {
  due: { log: string; index: number }[]
  /** Where not all of a log's part of the epoch was drawn from: how many records that is, and how many were. */
  cut: { log: string; of: number; looked: number }[]
}

export function dueOf(
  { seed, drawnFrom = [] }: Pick<EpochRecord, 'seed' | 'drawnFrom'>,
  oneIn: number,
  { logs, waiting, except, room }: Room,
): Due {
  const owner = (log: string): LogRecord['member'] | undefined => logs.get(log)?.member
  const operators = new Set([...logs.values()].map(({ member }) => member))
  const most = Math.floor(room / (2 * Math.max(1, operators.size)))
  const left = new Map([...operators].map(member => [member, most]))
  const take = (log: string, count: number) => {
    const member = owner(log)
    if (member !== undefined) left.set(member, left.get(member)! - count)
  }
  for (const [log, count] of waiting) take(log, count)
  const parts = drawnFrom.filter(({ log }) => ![undefined, except].includes(owner(log)))
  const due: Due['due'] = []
  const cut: Due['cut'] = []
  for (const { log, from, to } of shuffled(parts)) {
    const member = owner(log)!
    const ofMember = parts.filter(part => owner(part.log) === member).length
    const own = Math.min(left.get(member)!, Math.ceil(most / ofMember) - (waiting.get(log) ?? 0))
    const part = partOf({ from, to }, Math.max(0, own) * oneIn)
    if (part.to - part.from < to - from) cut.push({ log, of: to - from, looked: part.to - part.from })
    const before = due.length
    for (const index of drawn(seed, log, part, oneIn, nodeSuite)) due.push({ log, index })
    // Where its part begins may draw one more than its share: that is nobody else's loss.
    take(log, Math.min(due.length - before, Math.max(0, own)))
  }
  return { due, cut }
}

/** The range, or where it is longer than `most`, a part of it that begins anywhere. */
function partOf({ from, to }: { from: number; to: number }, most: number): { from: number; to: number } {
  if (to - from <= most) return { from, to }
  const start = from + Math.floor(Math.random() * (to - from - most + 1))
  return { from: start, to: start + most }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map(item => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
