import assert from 'node:assert/strict'
import { generateKeyPairSync, hash } from 'node:crypto'
import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inferenceContext, parseInference } from '@answerable/core/statement'
import { noteSigner } from '../log/index.ts'
import { realDisk } from '../storage/index.ts'
import { RecordIndex } from '../storage/index-db.ts'
import { Documents } from './documents.ts'
import { Receipts } from './receipts.ts'
import { type Asked, Recorder } from './recorder.ts'
import { RecordStore, rebuildIndex } from './store.ts'

const signer = noteSigner('store.example/log', generateKeyPairSync('ed25519').privateKey)
const DIGEST = 'ab'.repeat(32)
const context = inferenceContext({ log: signer.key.name, node: DIGEST, charter: DIGEST, terms: DIGEST })

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'answerable-store-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function open(folder: string): Promise<RecordStore> {
  return RecordStore.open({
    disk: realDisk,
    folder,
    signer,
    firstSegmentBytes: 16 << 10,
    lastSegmentBytes: 64 << 10,
  })
}

function recorderOf({ log, index, lastTime }: RecordStore, clock = Date.now): Recorder {
  return new Recorder({ log, index, context, clock, lastTime })
}

async function receiptsOf({ log, storage, index }: RecordStore, folder: string): Promise<Receipts> {
  const documents = await Documents.open(realDisk, join(folder, 'documents'))
  return new Receipts({ log, storage, index, documents, witnessed: () => undefined })
}

function asked(text: string, idempotency?: string): Asked {
  return {
    request: Buffer.from(text),
    method: 'POST',
    path: '/v1/chat/completions',
    mediaType: 'application/json',
    model: '{}',
    sampling: '{}',
    parties: '{}',
    idempotency: idempotency && hash('sha256', idempotency, 'hex'),
  }
}

function answered(text: string | Uint8Array) {
  return { response: Buffer.from(text), status: 200, mediaType: 'text/plain', outcome: 'ok' as const }
}

interface Made {
  id: string
  secret: string
  request: string
}

/** Answers, some with idempotency keys, streams that end and streams that do not. */
async function fill(store: RecordStore, prefix: string): Promise<{ made: Made[]; open: string[] }> {
  const recorder = recorderOf(store)
  const made: Made[] = []
  const left: string[] = []
  for (let i = 0; i < 12; i++) {
    const request = `${prefix} ${i}`
    const key = i % 3 === 0 ? request : undefined
    if (i % 4 === 1) {
      const begun = await recorder.begin(asked(request, key))
      made.push({ ...begun, request })
      if (i === 5) left.push(begun.id)
      else await recorder.end(begun, 'end', answered('the end'))
    } else {
      made.push({ ...(await recorder.answer(asked(request, key), answered('an answer'))), request })
    }
  }
  return { made, open: left }
}

/** All that an index answers about these records. */
function answersOf({ index }: RecordStore, made: readonly Made[]) {
  while (index.flushSome()) {}
  return {
    rows: made.map(({ id }) => [index.find(id, 0), index.find(id, 1)].map(row => row && { ...row })),
    idempotent: made.map(({ request }) => index.findIdempotent(hash('sha256', request, 'hex'))),
    open: index.openStreams(),
    indexed: index.indexed,
  }
}

const comparable = (value: unknown) => JSON.parse(JSON.stringify(value, rowOnly))
/** Rows that still wait are whole, those that were read have their place alone. */
function rowOnly(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || !('position' in value) || !('index' in value))
    return value
  return { index: value.index, position: value.position }
}

test('an index made again from the log answers as the one that grew with it', async () => {
  const folder = await newFolder()
  const store = await open(folder)
  const { made, open: left } = await fill(store, 'question')
  const live = comparable(answersOf(store, made))
  assert.deepEqual(live.open, left)
  await store.close()
  assert.equal(await rebuildIndex(realDisk, folder), live.indexed)
  const again = await open(folder)
  assert.deepEqual(comparable(answersOf(again, made)), live)
  await again.close()
})

const DAMAGE: [string, (path: string) => void][] = [
  ['deleted', path => rmSync(path)],
  ['emptied', path => truncateSync(path)],
  ['no database', path => writeFileSync(path, 'x'.repeat(9000))],
  ['cut short', path => truncateSync(path, 5000)],
]

for (const [name, damage] of DAMAGE) {
  test(`an index that is ${name} is made again at start`, async () => {
    const folder = await newFolder()
    const store = await open(folder)
    const { made } = await fill(store, 'question')
    const live = comparable(answersOf(store, made))
    await store.close()
    for (const suffix of ['-wal', '-shm']) rmSync(join(folder, `index.sqlite${suffix}`), { force: true })
    damage(join(folder, 'index.sqlite'))
    const again = await open(folder)
    assert.deepEqual(comparable(answersOf(again, made)), live)
    const receipts = await receiptsOf(again, folder)
    for (const { id, secret, request } of made)
      assert.equal(Buffer.from((await receipts.get(id, secret)).content.request!).toString(), request)
    await again.close()
  })
}

test('an index behind the log catches up, and one ahead of it is made anew', async () => {
  const folder = await newFolder()
  const store = await open(folder)
  const { made } = await fill(store, 'first')
  await store.close()
  const early = await newFolder()
  cpSync(folder, early, { recursive: true })
  const longer = await open(folder)
  const { made: more } = await fill(longer, 'second')
  const all = [...made, ...more]
  const live = comparable(answersOf(longer, all))
  await longer.close()

  // The later index beside the earlier log, then the earlier index beside the later log.
  const later = join(await newFolder(), 'index.sqlite')
  cpSync(join(folder, 'index.sqlite'), later)
  cpSync(join(early, 'index.sqlite'), join(folder, 'index.sqlite'))
  cpSync(later, join(early, 'index.sqlite'))
  const behind = await open(folder)
  assert.deepEqual(comparable(answersOf(behind, all)), live)
  await behind.close()
  const ahead = await open(early)
  assert.equal(ahead.index.find(more[0]!.id, 0), undefined)
  assert.equal(ahead.index.indexed, ahead.storage.size)
  for (const { id } of made) assert.ok(ahead.index.find(id, 0))
  await ahead.close()
})

test('an index that points to another record is found out', async () => {
  const folder = await newFolder()
  const store = await open(folder)
  const { made } = await fill(store, 'question')
  const receipts = await receiptsOf(store, folder)
  const [a, b] = [made[0]!, made[2]!]
  const { index, position } = store.index.find(b.id, 0)!
  store.index.add({ id: a.id, part: 0, index, position })
  await assert.rejects(receipts.get(a.id), { code: 'corrupt', message: /the index/ })
  await store.close()
})

test('the idempotency key of the newest call holds while older rows are written', () => {
  const index = new RecordIndex(':memory:')
  const ids = ['01890000-0000-7000-8000-000000000001', '01890000-0000-7000-8000-000000000002']
  for (const [i, id] of ids.entries())
    index.add({ id, part: 0, index: i, position: { segment: 0, offset: 64 }, idempotency: 'key' })
  index.flushSome(1)
  assert.equal(index.findIdempotent('key'), ids[1])
  index.flushSome()
  assert.equal(index.findIdempotent('key'), ids[1])
  index.close()
})

test('what is over its time ends at the first younger record, however late an early stream ended', () => {
  const index = new RecordIndex(':memory:')
  const idAt = (time: number, n: number) =>
    `${time
      .toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-${String(n).padStart(12, '0')}`
  const [early, cutoff] = [1_700_000_000_000, 1_700_000_005_000]
  const add = (time: number, part: 0 | 1, at: number, n = at) =>
    index.add({ id: idAt(time, n), part, index: at, position: { segment: 0, offset: 64 } })
  assert.equal(index.expired(cutoff), undefined)
  add(early, 0, 0)
  // Ids of one millisecond are in no order.
  for (const [at, n] of [8, 7, 9].entries()) add(early + 1, 0, at + 1, n)
  for (let at = 4; at < 8; at++) add(cutoff, 0, at, 20 - at)
  add(early, 1, 8, 0)
  while (index.flushSome()) {}
  assert.deepEqual(index.expired(early), undefined)
  assert.deepEqual(index.expired(cutoff), { first: 0, end: 4 })
  index.markExpired(4)
  assert.equal(index.expired(cutoff), undefined)
  // With nothing younger left, the last of all is over its time too, and so is the end of the stream.
  assert.deepEqual(index.expired(cutoff + 1), { first: 4, end: 9 })
  index.close()
})

test('times never go back, whatever the clock does, also across a restart', async () => {
  const folder = await newFolder()
  const times: number[] = []
  let now = 1_800_000_000_000
  for (let start = 0; start < 3; start++) {
    const store = await open(folder)
    const recorder = recorderOf(store, () => now)
    for (const step of [10, -5000, 3, -100_000]) {
      now += step
      await recorder.answer(asked('when?'), answered('now'))
    }
    if (start === 2)
      for await (const { statement } of store.storage.scan(0)) times.push(parseInference(statement).time)
    await store.close()
  }
  assert.equal(times.length, 12)
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  )
})

test('streams that a crash left open are ended on record, once', async () => {
  const folder = await newFolder()
  const store = await open(folder)
  const { made, open: left } = await fill(store, 'question')
  await store.close()
  const again = await open(folder)
  assert.equal(await again.closeOrphans(recorderOf(again)), left.length)
  assert.equal(await again.closeOrphans(recorderOf(again)), 0)
  const { secret } = made.find(({ id }) => id === left[0])!
  const receipts = await receiptsOf(again, folder)
  const receipt = await receipts.get(left[0]!, secret)
  assert.equal(parseInference(receipt.statement).event, 'interrupted')
  assert.equal(parseInference(receipt.begin!.statement).event, 'begin')
  await again.close()
})

test('a record of 30 MB has a segment of its own, and comes back', async () => {
  const folder = await newFolder()
  const store = await open(folder)
  const recorder = recorderOf(store)
  const response = Buffer.alloc(30 << 20, 'a large answer ')
  const all = await Promise.all([
    recorder.answer(asked('small'), answered('small')),
    recorder.answer(asked('large'), answered(response)),
    recorder.answer(asked('small'), answered('small')),
  ])
  await store.close()
  const again = await open(folder)
  const receipts = await receiptsOf(again, folder)
  const large = await receipts.get(all[1].id, all[1].secret)
  assert.ok(response.equals(large.content.response!))
  await recorderOf(again).answer(asked('small'), answered('small'))
  for (const { id, secret } of all) await receipts.get(id, secret)
  await again.close()
})
