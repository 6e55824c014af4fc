import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Challenge, State } from '@answerable/core/registry'
import type { Asked, Disclosure } from '../auditor/index.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'
import { isToBeHad, Panel } from './panel.ts'

const LOG = 'ops.example/log'
const D = 'ab'.repeat(32)
const challenge: Challenge = {
  digest: D,
  type: 'availability',
  log: LOG,
  by: 'ada',
  index: 7,
  size: 10,
  root: D,
  epoch: 3,
  panel: ['val', 'other'],
  votes: [],
  status: 'open',
  due: 100_000,
}
const evidence = {
  log: LOG,
  index: 7,
  ground: { reason: 'challenge', digest: D } as const,
  operator: 'ops',
  time: 0,
}
const opened = { outcome: 'opened', evidence } as unknown as Disclosure
const silent: Disclosure = { outcome: 'silent', fault: 'timeout', detail: '', evidence }
const refused = (code: string, erasure?: { index: number; time: number }): Disclosure => ({
  outcome: 'refused',
  code,
  message: '',
  ...(erasure && { erasure }),
  evidence,
})

function stateWith(
  anchor: { size: number; epoch: number } | null,
  to?: { epoch: number; to: number },
): State {
  const state = new State()
  const stated = { index: 0, time: 0 }
  state.logs.set(LOG, {
    origin: LOG,
    vkey: '',
    node: 'ops/gateway',
    member: 'ops',
    stated,
    anchor: anchor && { ...anchor, root: D, index: 0 },
    forked: null,
    silent: null,
  })
  if (to !== undefined)
    state.epochs.set(String(to.epoch), {
      epoch: to.epoch,
      seed: D,
      groups: [],
      missed: [],
      anchors: 1,
      predictable: false,
      drawnFrom: [{ log: LOG, from: 0, to: to.to, root: D }],
    })
  return state
}

test('a record is to be had where it opens, or where the log says that it was erased before the challenge', () => {
  const plain = stateWith(null)
  assert.ok(isToBeHad(opened, challenge, plain))
  for (const found of [silent, refused('not-found'), refused('erased'), refused('too-many-requests')])
    assert.ok(!isToBeHad(found, challenge, plain))
  const erasedAt = (index: number, state = plain) =>
    isToBeHad(refused('erased', { index, time: 0 }), challenge, state)
  assert.ok(erasedAt(9))
  assert.ok(!erasedAt(10), 'after the tree that the challenge shows')
  // The challenger chose that tree; what was anchored by then is later, and nobody's choice.
  assert.ok(erasedAt(19, stateWith({ size: 20, epoch: 3 })))
  assert.ok(!erasedAt(20, stateWith({ size: 20, epoch: 3 })))
  assert.ok(!erasedAt(19, stateWith({ size: 20, epoch: 4 })), 'anchored after the challenge')
  assert.ok(erasedAt(14, stateWith({ size: 20, epoch: 4 }, { epoch: 3, to: 15 })))
  assert.ok(!erasedAt(14, stateWith({ size: 20, epoch: 5 }, { epoch: 4, to: 15 })))
})

/** A validator's panel whose looks come to what it is told, and what it said. */
function seated(look: (asked: Asked, signal: AbortSignal) => Promise<Disclosure>, challenges = [challenge]) {
  const state = stateWith(null)
  state.terms = { ...state.terms, challengeSeconds: 32 }
  for (const one of challenges) {
    state.challenges.set(one.digest, one)
    state.open.add(`challenge ${one.digest}`)
  }
  const said: unknown[] = []
  const reports: string[] = []
  let now = 1_000_000
  let looks = 0
  const panel = new Panel({
    book: { state } as unknown as RegistryBook,
    keyring: { member: 'val', statements: () => ({}) } as unknown as Keyring,
    submitter: {
      state: (kind: string, body: object) => {
        said.push({ kind, ...body })
        return Promise.resolve({})
      },
    } as unknown as Submitter,
    disclosures: {
      ask: (asked, signal) => {
        looks++
        return look(asked, signal!)
      },
    },
    clock: () => now,
    report: event => reports.push(event),
  })
  const turn = async (ms = 1000) => {
    now += ms
    await panel.vote()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { state, said, reports, panel, turn, looks: () => looks }
}
const vote = (opens: boolean) => ({ kind: 'challenge-vote', challenge: D, opens })

test('a drawn validator says yes as soon as it opens, and once', async () => {
  const { said, turn, looks } = seated(asked => {
    assert.deepEqual(asked, { log: LOG, index: 7, ground: { reason: 'challenge', digest: D } })
    return Promise.resolve(opened)
  })
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual(said, [vote(true)])
  assert.equal(looks(), 1)
})

test('it says no only late, and yes should it open after all', async () => {
  let answer: Disclosure = silent
  const { state, said, turn, looks } = seated(() => Promise.resolve(answer))
  for (let i = 0; i < 5; i++) await turn(100)
  assert.equal(looks(), 1, 'it does not ask without end')
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual(said, [])
  state.clock = 95_000
  await turn()
  assert.deepEqual(said, [vote(false)])
  state.challenges.update(D, { votes: [{ member: 'val', opens: false }] })
  await turn()
  answer = opened
  await turn()
  await turn()
  assert.deepEqual(said, [vote(false), vote(true)])
})

test('who cannot look says nothing, and who was not drawn does not look', async () => {
  const broken = seated(() => Promise.reject(new Error('no key here')))
  broken.state.clock = 99_000
  for (let i = 0; i < 3; i++) await broken.turn()
  assert.deepEqual(broken.said, [])
  assert.equal(broken.reports.length, 3)
  const others = seated(() => Promise.resolve(opened), [{ ...challenge, panel: ['other'] }])
  await others.turn()
  assert.equal(others.looks(), 0)
})

test('operators that answer slowly keep no turn waiting, and each other only so far', async () => {
  const many = Array.from({ length: 6 }, (_, i) => ({ ...challenge, digest: `${i}`.repeat(64) }))
  const { panel, turn, looks } = seated(
    (_, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    many,
  )
  await turn()
  await turn()
  assert.equal(looks(), 4)
  await panel.stop()
  await turn()
  assert.equal(looks(), 4)
})
