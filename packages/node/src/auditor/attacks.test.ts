/** Operators and logs that would keep an auditor from its work. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Dispute, LogRecord } from '@answerable/core/registry'
import { temporaryFolder } from '../../test/network.ts'
import { AuditQueue } from './audit-queue.ts'
import { challengeFrom } from './disclosure-outcome.ts'
import { dueOf } from './due.ts'
import { doneWith } from './kept-records.ts'

const SEED = 'ab'.repeat(32)

interface Part {
  member: string
  from?: number
  to: number
}

function due(parts: Record<string, Part>, waiting: Record<string, number> = {}, room = 1000, oneIn = 10) {
  const logs = new Map(Object.entries(parts).map(([log, { member }]) => [log, { member } as LogRecord]))
  const drawnFrom = Object.entries(parts).map(([log, { from = 0, to }]) => ({ log, from, to, root: '' }))
  const known = { logs, waiting: new Map(Object.entries(waiting)), except: 'self', room }
  const { due, cut } = dueOf({ seed: SEED, drawnFrom }, oneIn, known)
  const counts: Record<string, number> = {}
  for (const { log } of due) counts[log] = (counts[log] ?? 0) + 1
  return { counts, cut, due }
}

test('a log that says to be endless keeps no other from being audited, and neither does one that is not to be had', () => {
  const { counts, cut } = due({
    'a/log': { member: 'a', to: 2 ** 53 - 1 },
    'b/log': { member: 'b', to: 100 },
  })
  assert.equal(counts['b/log'], 10)
  assert.ok(counts['a/log']! >= 249 && counts['a/log']! <= 251, `${counts['a/log']}`)
  assert.deepEqual(
    cut.map(({ log }) => log),
    ['a/log'],
  )
  // Its records wait and wait.
  const later = due(
    { 'a/log': { member: 'a', to: 5000 }, 'b/log': { member: 'b', to: 100 } },
    { 'a/log': 250 },
  )
  assert.deepEqual(later.counts, { 'b/log': 10 })
})

test('an operator’s endless log does not hide its other one', () => {
  const parts = { 'a/1': { member: 'a', to: 2 ** 53 - 1 }, 'a/2': { member: 'a', to: 200 } }
  for (let i = 0; i < 20; i++) assert.ok(due(parts).counts['a/2']! >= 19)
  assert.ok(due(parts, { 'a/1': 250 }).counts['a/2']! >= 19)
})

test('what is left out is left to chance', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 20; i++) seen.add(due({ 'a/log': { member: 'a', to: 10 ** 9 } }, {}, 10).due[0]!.index)
  assert.ok(seen.size > 15)
})

test('a thousand logs leave room for each, and never more than there is', () => {
  const parts = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`a/${i}`, { member: 'a', to: 10 ** 6 }]),
  )
  const { counts, due: all } = due({ ...parts, 'b/log': { member: 'b', to: 100 } }, {}, 100_000)
  assert.equal(counts['b/log'], 10)
  assert.ok(all.length <= 50_000)
  assert.equal(Object.keys(counts).length, 1001)
})

test('nothing is due of one’s own log, of a log that nobody has, and of an empty part', () => {
  assert.deepEqual(
    due({ 'self/log': { member: 'self', to: 100 }, 'b/log': { member: 'b', from: 100, to: 100 } }).counts,
    {},
  )
  const known = { logs: new Map<string, LogRecord>(), waiting: new Map([['x', 9]]), except: '', room: 10 }
  const drawnFrom = [{ log: 'x', from: 0, to: 9, root: '' }]
  assert.deepEqual(dueOf({ seed: SEED, drawnFrom }, 1, known).due, [])
})

test('what nobody opened in time is given up, and makes room', t => {
  const queue = new AuditQueue(join(temporaryFolder(t), 'queue.db'))
  t.after(() => queue.close())
  const records = Array.from({ length: 10 }, (_, index) => ({ log: 'a/log', index }))
  queue.draw(3, records)
  queue.draw(5, [{ log: 'b/log', index: 0 }])
  assert.deepEqual(Object.fromEntries(queue.waiting()), { 'a/log': 10, 'b/log': 1 })
  queue.expire(5)
  assert.deepEqual(Object.fromEntries(queue.waiting()), { 'b/log': 1 })
  assert.deepEqual(queue.counts(), { due: 1, found: 0, stated: 0, over: 10 })
})

test('a log that gives no proof of a record is challenged all the same', () => {
  const asked = {
    log: 'a/log',
    index: 7,
    ground: { reason: 'sample', epoch: 1 },
    operator: 'a',
    time: 0,
  } as const
  assert.deepEqual(challengeFrom(asked), { type: 'availability', log: 'a/log', index: 7 })
  assert.deepEqual(challengeFrom({ ...asked, entry: 'aa', proof: 'p' }), {
    type: 'availability',
    log: 'a/log',
    entry: 'aa',
    proof: 'p',
  })
})

test('a record is kept until this auditor’s own disputes about it are over, whatever others’ came to', () => {
  const one = (entry: string, auditor: string, status: Dispute['status']) =>
    ({ entry, auditor, status }) as Dispute
  const disputes = [
    one('a', 'mal', 'decided'),
    one('b', 'audrey', 'moves'),
    one('b', 'mal', 'undecided'),
    one('c', 'audrey', 'decided'),
    one('d', 'audrey', 'undecided'),
  ]
  assert.deepEqual([...doneWith(disputes, 'audrey')], ['c', 'd'])
})
