/** An auditor's own steps, with everybody else put in its place: what it gives up, what it keeps, whom it challenges. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AnswerableError, type JsonObject } from '@answerable/core'
import type { DisclosedRecord } from '@answerable/core/audit'
import { temporaryFolder } from '../../test/network.ts'
import { realDisk } from '../storage/disk.ts'
import { type AuditFound, AuditQueue } from './audit-queue.ts'
import { Auditor, type AuditorOptions } from './auditor.ts'
import type { Asked, Disclosure } from './disclosure-outcome.ts'
import { KeptRecords } from './kept-records.ts'

const LOG = 'op.example/log'
const ENTRY = 'ab'.repeat(32)
const PART = { index: 0, statement: Uint8Array.of(1) }
const RECORD: DisclosedRecord = { log: LOG, parts: [PART], disclosures: {}, content: {} }
const FOUND: AuditFound = {
  index: 0,
  entry: ENTRY,
  outcome: 'inconsistent',
  model: null,
  report: '{}',
  digest: ENTRY,
  proof: 'a proof',
  token: null,
  predictable: false,
}

interface Given {
  ask?(asked: Asked): Promise<Disclosure>
  opening?: AuditorOptions['opening']
}

function house(t: TestContext, { ask, opening }: Given) {
  const folder = temporaryFolder(t)
  const queue = new AuditQueue(join(folder, 'queue.db'))
  const records = new KeptRecords(realDisk, join(folder, 'records'))
  const stated: { kind: string; body: JsonObject }[] = []
  const reports: string[] = []
  const kept: string[] = []
  const findings = new Map<string, { dispute: string | null }>()
  const state = {
    epoch: 6,
    members: new Map([['audrey', { status: 'active', roles: ['auditor'] }]]),
    terms: { audit: { samples: { default: 1, uses: {} }, moveSeconds: 60 } },
    // Nothing is drawn but what a test puts into the queue.
    epochs: new Map([['4', { seed: ENTRY, drawnFrom: [{ log: LOG, from: 0, to: 3 }] }]]),
    openOf: () => [],
    challenges: new Map(),
    logs: new Map([[LOG, { member: 'op', anchor: { size: 3 } }]]),
    findings,
  }
  const auditor = new Auditor({
    book: { state } as unknown as AuditorOptions['book'],
    submitter: {
      state: async (kind: string, body: JsonObject) => {
        stated.push({ kind, body })
        return {}
      },
    } as unknown as AuditorOptions['submitter'],
    keyring: { member: 'audrey', statements: () => ({}) } as unknown as AuditorOptions['keyring'],
    queue,
    records,
    openings: {
      keep: async ({ problem }) => {
        kept.push(problem)
        return 'a file'
      },
    },
    disclosure: { ask: ask ?? (() => Promise.reject(new Error('nobody was to be asked'))) },
    rerun: () => Promise.reject(new Error('nothing was to be run')),
    opening: opening ?? (async () => ({})),
    report: event => reports.push(event),
  })
  t.after(() => auditor.close())
  const round = async () => {
    await auditor.perform()
    // What runs beside it ends with the queue's due ones.
    while (queue.ready('due', Date.now(), 1).length > 0) await new Promise(resolve => setTimeout(resolve, 5))
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return { queue, records, stated, reports, kept, findings, round }
}

const evidence = ({ log, index, ground }: Asked) => ({ log, index, ground, operator: 'op', time: 1 })

test('a record that this auditor may not have opened is given up, and nobody is challenged for it', async t => {
  const { queue, stated, round } = house(t, {})
  queue.draw(5, [])
  // The sample of that epoch does not hold it.
  queue.put({ log: LOG, index: 7, epoch: 4, stage: 'due', tries: 9, next: 0, found: null, detail: '' })
  await round()
  assert.deepEqual(queue.counts(), { due: 0, found: 0, stated: 0, over: 1 })
  assert.deepEqual(stated, [])
})

test('a signed opening of something else is kept and challenged at once; silence is asked again first', async t => {
  const { queue, stated, kept, round } = house(t, {
    ask: async asked => {
      const shown = { ...evidence(asked), entry: ENTRY, proof: 'a proof' }
      return asked.index === 0
        ? { outcome: 'wrong-opening', problem: 'content-altered', detail: 'x', evidence: shown }
        : { outcome: 'silent', fault: 'timeout', detail: 'x', evidence: shown }
    },
  })
  queue.draw(5, [])
  queue.draw(
    4,
    [0, 1].map(index => ({ log: LOG, index })),
  )
  queue.draw(5, [])
  await round()
  assert.deepEqual(kept, ['content-altered'])
  assert.deepEqual(stated, [
    { kind: 'challenge', body: { type: 'availability', log: LOG, entry: ENTRY, proof: 'a proof' } },
  ])
  assert.deepEqual(queue.counts(), { due: 1, found: 0, stated: 0, over: 1 })
})

test('a fault of ours with one record keeps no other waiting', async t => {
  const asked: number[] = []
  const { queue, reports, round } = house(t, {
    ask: async ({ index }) => {
      asked.push(index)
      throw new TypeError('a fault of ours')
    },
  })
  queue.draw(
    4,
    [0, 1, 2].map(index => ({ log: LOG, index })),
  )
  queue.draw(5, [])
  await round()
  assert.deepEqual(asked.toSorted(), [0, 1, 2])
  assert.equal(reports.filter(event => /an audit failed/.test(event)).length, 3)
})

test('a graph that no dispute can be about is left at the finding; what may pass is tried again', async t => {
  for (const [code, over] of [
    ['bad-model', 1],
    ['unavailable', 0],
  ] as const) {
    const { queue, records, stated, findings, round } = house(t, {
      opening: () => Promise.reject(new AnswerableError(code, 'x')),
    })
    queue.draw(5, [])
    queue.put({ log: LOG, index: 0, epoch: 4, stage: 'stated', tries: 0, next: 0, found: FOUND, detail: '' })
    findings.set(`${LOG} 0 audrey`, { dispute: null })
    await records.keep(ENTRY, RECORD)
    await round()
    assert.deepEqual(stated, [])
    assert.equal(queue.counts().over, over, code)
    assert.equal((await records.entries()).length, 1 - over, code)
  }
})
