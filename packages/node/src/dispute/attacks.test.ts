/** A drawn validator among sides that lie, stall and show it what cannot be; and a side that has nothing to show. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { AnswerableError, utf8 } from '@answerable/core'
import type { DisclosedRecord, Rerun } from '@answerable/core/audit'
import { openGame } from '@answerable/core/dispute'
import type { Dispute } from '@answerable/core/registry'
import { formatLifecycle } from '@answerable/core/statement'
import { World } from '../../../core/test/fixture.ts'
import { nodeSuite } from '../log/suite.ts'
import { Disputant, type DisputantOptions } from './disputant.ts'
import type { Shown } from './evidence.ts'
import { type DisclosedForDispute, Jury, type JuryOptions } from './jury.ts'

const world = new World()

function recordOf({ receipt }: ReturnType<World['answer']>): DisclosedRecord {
  const { begin, statement, disclosures, content } = receipt
  const parts = [begin?.statement, statement].flatMap((one, index) =>
    one === undefined ? [] : [{ index, statement: one }],
  )
  return { log: world.log.origin, parts, disclosures, content }
}

const RECORD = recordOf(world.answer())
const STREAM = recordOf(world.stream())
const entryOf = ({ parts }: DisclosedRecord) => nodeSuite.sha256Hex(parts.at(-1)!.statement)
const COMMITMENT = { version: 1, root: 'ab'.repeat(32), count: 3 } as const

function dispute(digest: string, fields: Partial<Dispute> = {}): Dispute {
  const own = { digest, log: world.log.origin, index: 0, entry: entryOf(RECORD), size: 1, root: '' }
  const sides = { auditor: 'audrey', operator: 'ops', panel: ['cy'], votes: [], epoch: 0, due: 0 }
  return { ...own, ...sides, game: null, token: 0, status: 'panel', wrong: null, decided: null, ...fields }
}

interface Sitting extends Partial<Pick<JuryOptions, 'rerun' | 'caseOf'>> {
  disclosed?: (of: Dispute) => Promise<DisclosedForDispute>
  shown?: (of: Dispute, url: string, signal?: AbortSignal) => Promise<Shown>
}

const rerun = (outcome: Rerun['outcome'], more: Partial<Rerun> = {}): Rerun => ({
  entry: '',
  outcome,
  words: [outcome],
  notShown: '',
  ...more,
})

/** What a validator votes on these disputes, and what it reports. */
async function votes(disputes: readonly Dispute[], sitting: Sitting, stops = false) {
  const said: Record<string, unknown>[] = []
  const reports: string[] = []
  const all = new Map(disputes.map(one => [one.digest, one]))
  const state = {
    terms: { challengeSeconds: 86_400 },
    clock: 0,
    openOf: () => all.keys(),
    disputes: all,
    members: new Map(['audrey', 'ops'].map(id => [id, { url: `https://${id}.example` }])),
  }
  const jury = new Jury({
    book: { state } as never,
    submitter: {
      state: (_: string, body: Record<string, unknown>) => Promise.resolve(void said.push(body)),
    } as never,
    keyring: { member: 'cy', statements: () => ({}) } as never,
    disclosed: sitting.disclosed ?? (() => Promise.resolve({})),
    evidence: {
      ask: sitting.shown ?? (() => Promise.reject(new AnswerableError('unavailable', 'silent'))),
    },
    caseOf: sitting.caseOf ?? (() => Promise.resolve(undefined)),
    rerun: sitting.rerun ?? (() => Promise.resolve(rerun('exact'))),
    report: event => reports.push(event),
  })
  jury.perform()
  // Each comes to a report.
  for (let i = 0; !stops && i < 400 && reports.length < disputes.length; i++) await setTimeout(5)
  await jury.close()
  return { said: said.map(({ dispute, wrong }) => `${dispute} ${wrong}`), reports }
}

test('a record that only the auditor brings counts where all of it is what the log committed to', async () => {
  const ran: DisclosedRecord[] = []
  const lies: DisclosedRecord[] = [
    { ...RECORD, content: { ...RECORD.content, response: utf8('{"outputs":[]}') } },
    { ...RECORD, content: { request: RECORD.content.request! } },
    { ...RECORD, disclosures: { ...RECORD.disclosures, request: RECORD.disclosures.response! } },
    { ...RECORD, disclosures: {} },
    { ...RECORD, log: 'other.example/log' },
    { ...RECORD, parts: [] },
    STREAM,
    { ...RECORD, parts: [STREAM.parts[0]!, RECORD.parts[0]!] },
  ]
  const game = { ...openGame(COMMITMENT), phase: 'over', end: { kind: 'same-root' } } as const
  const caseOf = (record: DisclosedRecord) => {
    ran.push(record)
    return Promise.resolve(undefined)
  }
  for (const record of lies) {
    const { said, reports } = await votes([dispute('d', { game })], {
      shown: () => Promise.resolve({ record }),
      caseOf,
    })
    assert.deepEqual([said, ran], [[], []])
    assert.match(reports[0]!, /not to be had/)
  }
  for (const record of [RECORD, STREAM]) {
    await votes([dispute('d', { game, entry: entryOf(record) })], {
      shown: () => Promise.resolve({ record }),
      caseOf,
    })
    assert.equal(ran.pop(), record)
  }
})

test('a record of another tree than the anchored one convicts nobody but who brought it', async () => {
  const { said } = await votes([dispute('d', { entry: 'ff'.repeat(32) })], {
    disclosed: () => Promise.resolve({ entry: entryOf(RECORD), record: RECORD }),
    rerun: () => Promise.resolve(rerun('inconsistent')),
  })
  assert.deepEqual(said, ['d challenger'])
})

test('nobody is convicted of an entry that is no answer, or that nobody can run', async () => {
  const statement = utf8(
    formatLifecycle({
      action: 'erase',
      log: world.log.origin,
      first: 0,
      end: 1,
      time: 0,
    } as never),
  )
  const erasure: DisclosedRecord = {
    ...RECORD,
    parts: [{ index: 0, statement }],
    disclosures: {},
    content: {},
  }
  const of = dispute('d', { entry: entryOf(erasure) })
  const opened = { entry: entryOf(erasure), record: erasure }
  assert.deepEqual((await votes([of], { disclosed: () => Promise.resolve(opened) })).said, ['d challenger'])
  const disclosed = () => Promise.resolve({ entry: entryOf(RECORD), record: RECORD })
  for (const [reason, expected] of [
    ['upstream', ['d challenger']],
    ['no-manifest', ['d challenger']],
    ['no-answer', ['d challenger']],
    ['no-model-file', []],
    ['timed-out', []],
  ] as const) {
    const came = () => Promise.resolve(rerun('not-rerun', { reason }))
    assert.deepEqual((await votes([dispute('d')], { disclosed, rerun: came })).said, expected, reason)
  }
})

test('an auditor is not wrong because a validator with another processor allows for more', async () => {
  const disclosed = () => Promise.resolve({ entry: entryOf(RECORD), record: RECORD })
  const judged = async (came: Rerun) =>
    (await votes([dispute('d')], { disclosed, rerun: () => Promise.resolve(came) })).said
  const setting = (same: boolean) => ({ setting: { same } as never })
  assert.deepEqual(await judged(rerun('exact', setting(false))), ['d challenger'])
  assert.deepEqual(await judged(rerun('consistent', setting(true))), ['d challenger'])
  assert.deepEqual(await judged(rerun('consistent', setting(false))), ['d neither'])
  assert.deepEqual(await judged(rerun('inconsistent', setting(false))), ['d defender'])
})

test('where the operator declined, the record is run again, however its auditor opened the dispute', async () => {
  const game = { ...openGame(COMMITMENT), phase: 'over', end: { kind: 'declined' } } as const
  const disclosed = () => Promise.resolve({ entry: entryOf(RECORD), record: RECORD })
  const caseOf = () => Promise.reject(new AnswerableError('bad-model', 'no graph'))
  for (const [outcome, wrong] of [
    ['exact', 'challenger'],
    ['inconsistent', 'defender'],
  ] as const) {
    const sitting = { disclosed, caseOf, rerun: () => Promise.resolve(rerun(outcome)) }
    assert.deepEqual((await votes([dispute('d', { game, token: null })], sitting)).said, [`d ${wrong}`])
  }
})

test('what one dispute’s sides show keeps no other dispute from being judged', async () => {
  const disclosed = ({ digest }: Dispute) => {
    if (digest === 'a') throw new RangeError('Array buffer allocation failed')
    if (digest === 'b') return Promise.reject(new TypeError('nothing is as it should be'))
    return Promise.resolve({ entry: entryOf(RECORD), record: RECORD })
  }
  const { said, reports } = await votes([dispute('a'), dispute('b'), dispute('c')], {
    disclosed: of => Promise.resolve().then(() => disclosed(of)),
  })
  assert.deepEqual(said, ['c challenger'])
  assert.equal(reports.length, 3)
})

test('a validator that stops does not wait for a side that is silent', async () => {
  const began = Date.now()
  const hears = (_: unknown, __: unknown, signal?: AbortSignal) =>
    new Promise<never>((_, reject) => {
      const stop = () => reject(new AnswerableError('unavailable', 'given up'))
      if (signal?.aborted) stop()
      signal?.addEventListener('abort', stop)
    })
  await votes([dispute('a'), dispute('b')], { shown: hears }, true)
  assert.ok(Date.now() - began < 2000)
})

/** What a side does in its dispute. */
async function moves(of: Dispute, member: string, caseOf: DisputantOptions['caseOf']) {
  const said: unknown[] = []
  const state = { openOf: () => [of.digest], disputes: new Map([[of.digest, of]]) }
  const disputant = new Disputant({
    book: { state } as never,
    submitter: { state: (_: string, body: unknown) => Promise.resolve(void said.push(body)) } as never,
    keyring: { member, statements: () => ({}) } as never,
    caseOf,
    report: () => undefined,
  })
  disputant.perform()
  await disputant.close()
  return { said, disputant }
}

test('an operator with no trace to show says so at once, whatever keeps it from one', async () => {
  const of = dispute('d', { game: openGame(COMMITMENT), status: 'moves', token: null })
  const decline = [{ dispute: 'd', move: { kind: 'decline' } }]
  const cases: DisputantOptions['caseOf'][] = [
    () => Promise.resolve(undefined),
    () => Promise.reject(new AnswerableError('bad-model', 'this is no graph')),
    () => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' })),
  ]
  for (const caseOf of cases) assert.deepEqual((await moves(of, 'ops', caseOf)).said, decline)
  // Once it has committed, there is no way back.
  const later = { ...of, game: { ...of.game!, phase: 'values', turn: 'defender' } as const }
  assert.deepEqual((await moves(later, 'ops', cases[1]!)).said, [])
})

test('of a language model nothing is computed to be shown, so that the auditor’s record is', async () => {
  const { disputant } = await moves(dispute('d'), 'audrey', () =>
    Promise.reject(new TypeError('not a graph')),
  )
  assert.equal(await disputant.evidence(dispute('d')), undefined)
})
