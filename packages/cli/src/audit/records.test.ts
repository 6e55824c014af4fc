import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatAccess, inferenceContext } from '@answerable/core/statement'
import { nodeSuite, noteSigner } from '@answerable/node/log'
import { Recorder, RecordStore } from '@answerable/node/record'
import { realDisk } from '@answerable/node/storage'
import { temporaryFolder } from '../cli.fixture.ts'
import { checkLines } from '../output/log-check.ts'
import { checkLog } from './check.ts'
import { FolderSource } from './folder-source.ts'

const D = 'ab'.repeat(32)

test('openings for others are counted by member, and one that cannot be read is a fault', async () => {
  const path = join(temporaryFolder(), 'log')
  const signer = noteSigner('ops.example/log', generateKeyPairSync('ed25519').privateKey)
  const store = await RecordStore.open({ disk: realDisk, folder: path, signer })
  const { log, index } = store
  const context = inferenceContext({ log: log.origin, node: D, charter: D, terms: D })
  const recorder = new Recorder({ log, index, context, clock: Date.now })
  const bytes = { request: Buffer.from('{}'), method: 'POST', path: '/', mediaType: 'a/b' }
  await recorder.answer(
    { ...bytes, model: '{}', sampling: '{}', parties: '{}' },
    { response: Buffer.from('{}'), status: 200, mediaType: 'a/b', outcome: 'ok' },
  )
  const state = (text: string) => {
    const statement = Buffer.from(text)
    return log.append({ statement, entry: nodeSuite.sha256(statement), content: new Uint8Array(0) })
  }
  const access = { time: 0, log: log.origin, index: 0, other: null, reason: 'sample', ground: 5 } as const
  const by = (member: string) => formatAccess({ ...access, by: member, request: D, answer: D })
  for (const member of ['ada', 'bea', 'ada', '__proto__']) await state(by(member))
  await log.publish()
  const check = async () => {
    const source = new FolderSource({ path, entries: 'digest' })
    try {
      return await checkLog(source, { ownKey: signer.key })
    } finally {
      await source.close()
    }
  }
  const whole = await check()
  assert.deepEqual(whole.faults, [])
  assert.deepEqual(
    [...whole.records!.accesses],
    [
      ['ada', 2],
      ['bea', 1],
      ['__proto__', 1],
    ],
  )
  assert.match(checkLines(whole).join('\n'), /opened for {3}ada 2 times, bea 1 time, __proto__ 1 time/)
  await state(by('ada').replace('"reason":"sample"', '"reason":"curiosity"'))
  await log.publish()
  const { faults } = await check()
  assert.equal(faults.length, 1)
  assert.match(faults[0]!.message, /reason/)
  await store.close()
})
