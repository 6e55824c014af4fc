import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { AnswerableError, equal } from '@answerable/core'
import { openNote, parseNote, signatureLine } from '@answerable/core/note'
import { Frontier, leafHash, parseCheckpoint, parseTlogProof, verifyInclusion } from '@answerable/core/tlog'
import { type Fault, FaultyDisk } from '../../test/faulty-disk.ts'
import { FileStorage, type NewRecord, type RecordStorage } from '../storage/index.ts'
import { noteSigner } from './keys.ts'
import { Log, type LogOptions } from './log.ts'
import { nodeSuite as suite } from './suite.ts'

const FOLDER = '/log'
const signer = noteSigner('log.example/test', generateKeyPairSync('ed25519').privateKey)

async function open(disk: FaultyDisk, options: Partial<LogOptions> = {}): Promise<Log> {
  const storage = await FileStorage.open(disk, FOLDER, {
    entryOf: suite.sha256,
    firstSegmentBytes: 1024,
    lastSegmentBytes: 4096,
    keysPerFile: 8,
  })
  return Log.open({ disk, folder: FOLDER, storage, signer, suite, entries: 'digest', ...options })
}

function record(text: string): NewRecord {
  const statement = Buffer.from(text)
  return { statement, content: new Uint8Array(0), entry: suite.sha256(statement) }
}

/** A store that keeps nothing, and whose commits and recoveries go as they are told to. */
function stub(answers: { commit?: () => Promise<void>; recover?: () => Promise<boolean> }) {
  const calls = { commits: 0, recoveries: 0 }
  const state = { size: 0, writable: true }
  const storage: RecordStorage = {
    get size() {
      return state.size
    },
    get writable() {
      return state.writable
    },
    async commit(records) {
      calls.commits++
      await answers.commit?.()
      return records.map(() => ({ segment: 0, offset: 64 + state.size++ }))
    },
    async recover() {
      calls.recoveries++
      state.writable = (await answers.recover?.()) ?? true
      return state.writable
    },
    read: async () => record(''),
    key: async () => undefined,
    eraseKey: async () => undefined,
    async *scan() {},
    close: async () => undefined,
  }
  return { storage, calls, state }
}

test('a store that failed is tried again at most once in a while, and only where somebody asks', async () => {
  const { storage, calls, state } = stub({ recover: async () => false })
  const log = await open(new FaultyDisk(), { storage, retryMs: 60 })
  assert.equal(log.writable, true)
  assert.equal(calls.recoveries, 0)
  state.writable = false
  const start = performance.now()
  while (performance.now() - start < 200) {
    assert.equal(log.writable, false)
    await assert.rejects(log.append(record('x')), { code: 'not-writable' })
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  assert.ok(calls.recoveries >= 2 && calls.recoveries <= 4, `${calls.recoveries} attempts`)
  assert.equal(calls.commits, 0)
  await log.close()
})

test('the log takes records again after the first attempt that succeeds', async () => {
  const { storage, state } = stub({})
  const log = await open(new FaultyDisk(), { storage, retryMs: 0 })
  state.writable = false
  assert.equal(log.writable, false)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(log.writable, true)
  assert.equal((await log.append(record('x'))).index, 0)
  await log.close()
})

test('a log that is halted signs and publishes nothing more, also what waits and while it closes', async () => {
  const disk = new FaultyDisk()
  const log = await open(disk)
  await log.append(record('one'))
  await log.publish()
  await log.append(record('two'))
  const waiting = log.append(record('three'))
  const reason = new AnswerableError('conflict', 'another tree')
  log.halt(reason)
  await assert.rejects(waiting, { code: 'unavailable', message: /another tree/, cause: reason })
  await assert.rejects(log.append(record('four')), { code: 'unavailable', cause: reason })
  assert.equal(log.writable, false)
  await log.close()
  assert.match(disk.files.get(`${FOLDER}/checkpoint`)!.toString(), /\n1\n/)
  const again = await open(disk)
  assert.deepEqual([again.published.size, again.signed.size], [1, 2])
  await again.close()
})

test('an entry that no tree can hold stops the log before another record takes its place', async () => {
  const disk = new FaultyDisk()
  const log = await open(disk)
  await log.append(record('one'))
  const wrong = { ...record('two'), entry: undefined as unknown as Uint8Array }
  await assert.rejects(log.append(wrong))
  await assert.rejects(log.append(record('three')), { code: 'unavailable' })
  assert.equal(log.halted?.code, 'internal')
  await log.close()
  const again = await open(disk)
  assert.ok(equal((await again.entries(0, 1))[0]!, record('one').entry))
  await again.close()
})

test('what waits when a log is closed is committed first, and nothing is taken after', async () => {
  const disk = new FaultyDisk()
  const log = await open(disk)
  const waiting = Array.from({ length: 20 }, (_, i) => log.append(record(`${i}`)))
  const closing = log.close()
  await assert.rejects(log.append(record('late')), { code: 'unavailable' })
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ index }) => index),
    Array.from({ length: 20 }, (_, i) => i),
  )
  await Promise.all([closing, log.close()])
  assert.equal(disk.handles, 0)
  const again = await open(disk)
  assert.equal(again.published.size, 20)
  await again.close()
})

test('cosignatures are kept with the checkpoint they are of, never with one that a later one replaced', async () => {
  const disk = new FaultyDisk()
  const log = await open(disk)
  await log.append(record('one'))
  const first = await log.publish()
  const line = signatureLine({ name: 'w.example', keyId: 1, signature: new Uint8Array(72) })
  await log.append(record('two'))
  const publishing = log.publish()
  const adopting = log.adopt({ ...first, note: first.note + line })
  const second = await publishing
  await adopting
  assert.equal(log.published, second)
  await Promise.all([
    log.adopt({ ...second, note: second.note + line }),
    log.append(record('three')).then(() => log.publish()),
  ])
  assert.equal(log.published.size, 3)
  await log.close()
  const again = await open(disk)
  assert.equal(again.published.size, 3)
  await again.close()
})

test('a publication that fails is made up for by the next, whichever of its files failed', async () => {
  const fault: Fault = { at: 0, kind: 'error', landing: 'sectors' }
  for (let at = 12; at < 42; at++) {
    const disk = new FaultyDisk({ ...fault, at }, at)
    const log = await open(disk, { retryMs: 0 })
    for (let i = 0; i < 600; i += 200) {
      const added = Array.from({ length: 200 }, (_, j) => log.append(record(`${at} ${i + j}`)))
      await Promise.allSettled([...added, log.publish(), log.publish()])
      while (!log.writable) await new Promise(resolve => setImmediate(resolve))
    }
    const { size, root } = log.signed
    await log.publish().catch(() => log.publish())
    await log.close()
    const again = await open(disk.afterPowerLoss(), { recentNodes: 1 })
    assert.equal(again.published.size, size)
    for (let index = 0; index < size; index += 37) {
      const [entry] = await again.entries(index, 1)
      const { hashes: proof } = parseTlogProof(await again.prove(index))
      verifyInclusion({ index, size, leafHash: leafHash(entry!, suite), proof, root }, suite)
    }
    await again.close()
  }
})

test('a checkpoint signed beside its write is that of the tree, and of no other where the write fails', async () => {
  let fails = false
  let release: (() => void) | undefined
  const { storage, state } = stub({
    commit: async () => {
      await new Promise<void>(resolve => {
        release = resolve
      })
      if (!fails) return
      state.writable = false
      throw new AnswerableError('not-writable', 'no disk')
    },
  })
  let signatures = 0
  const counting = {
    ...signer,
    sign: (message: Uint8Array) => {
      signatures++
      return signer.sign(message)
    },
  }
  const log = await open(new FaultyDisk(), { storage, signer: counting, retryMs: 0 })
  const frontier = new Frontier(suite)
  const add = async (text: string, signed: boolean) => {
    const adding = log.appendDraft({ bytes: 1, signed, make: () => record(text) })
    release = undefined
    while (release === undefined) await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setTimeout(resolve, 5))
    const before = signatures
    // Nobody gets a checkpoint over what is not durable yet.
    assert.equal(log.signed.size, frontier.size)
    ;(release as () => void)()
    await adding
    frontier.append(leafHash(record(text).entry, suite))
    agrees()
    assert.equal(signatures - before, signed ? 0 : 1)
  }
  const agrees = () => {
    const { size, root, note } = log.signed
    assert.equal(size, frontier.size)
    assert.ok(equal(root, frontier.root()))
    openNote(note, [signer.key], suite)
    assert.ok(equal(parseCheckpoint(parseNote(note).text).root, root))
  }
  for (const [text, signed] of [
    ['one', true],
    ['two', false],
    ['three', true],
  ] as const) {
    await add(text, signed)
    agrees()
  }
  fails = true
  await assert.rejects(add('never', true), { code: 'not-writable' })
  agrees()
  fails = false
  while (!log.writable) await new Promise(resolve => setImmediate(resolve))
  // The same size as the one that never was, and another tree.
  await add('four', false)
  agrees()
  await log.close()
})

test('a log of statements holds the statements themselves', async () => {
  const disk = new FaultyDisk()
  const log = await open(disk, { entries: 'statement' })
  const texts = ['one', 'two', 'three']
  for (const text of texts) await log.append(record(text))
  await log.close()
  const again = await open(disk, { entries: 'statement' })
  const entries = await again.entries(0, 3)
  assert.deepEqual(
    entries.map(entry => Buffer.from(entry).toString()),
    texts,
  )
  await again.check(1, entries[1]!, { segment: 0, offset: 0 })
  await assert.rejects(again.check(0, entries[1]!, { segment: 0, offset: 0 }), { code: 'corrupt' })
  await assert.rejects(again.entries(2, 2), { code: 'not-found' })
  await again.close()
})

test('another key, or another log, in the place of the checkpoint is corrupt', async () => {
  const disk = new FaultyDisk()
  const log = await open(disk)
  await log.append(record('one'))
  await log.close()
  const other = noteSigner(signer.key.name, generateKeyPairSync('ed25519').privateKey)
  await assert.rejects(open(disk, { signer: other }), { code: 'corrupt', message: /checkpoint/ })
})
