/** The process in which records run again: order, limits, and what hangs or crashes there. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { RecordParts } from '@answerable/core/audit'
import {
  CREDIT_FEATURES,
  creditGraph,
  defaultApplicant,
  generateApplicants,
  train,
  writeOnnx,
} from '../models/index.ts'
import { OnnxModel } from '../runtime/index.ts'
import { askOnnx } from './records.fixture.ts'
import { Replayer, type ReplayerOptions } from './replayer.ts'

const folder = mkdtempSync(join(tmpdir(), 'answerable-replayer-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const files = new Map<string, string>()
const [first, second] = [await made('one', 1), await made('two', 2)] as const

async function made(name: string, seed: number): Promise<{ model: OnnxModel; record: RecordParts }> {
  const network = train(generateApplicants(200, 5), { seed, epochs: 1 })
  const path = join(folder, `${name}.onnx`)
  writeFileSync(path, writeOnnx(creditGraph(network, { name, version: '1', doc: '', metadata: {} })))
  const model = await OnnxModel.open(path, { name, version: '1' })
  after(() => model.close())
  files.set(model.describe().manifest, path)
  const applicant = defaultApplicant()
  const inputs = CREDIT_FEATURES.map(({ name: input }) => ({
    name: input,
    datatype: 'FP32',
    shape: [1, 1],
    data: [applicant[input]],
  }))
  return { model, record: await askOnnx(model, { inputs }) }
}

function replayer(t: TestContext, options: Partial<ReplayerOptions> = {}): Replayer {
  const made = new Replayer({ findModel: sha256 => files.get(sha256), ...options })
  t.after(() => made.close())
  return made
}

/** A script in place of the worker's: `body` handles an order. */
function worker(name: string, body: string): URL {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(
    path,
    `let jobs = 0\nprocess.on('message', order => { jobs++; ${body} })\nprocess.on('disconnect', () => process.exit())\n`,
  )
  return pathToFileURL(path)
}
const ANSWER = `process.send({ job: order.job, rerun: { entry: order.record.entry, outcome: 'exact', words: [String(process.pid), order.file], notShown: '' } })`

test('records are run again apart, each on its model', async t => {
  const auditor = replayer(t)
  const records = [first, second, first, second].map(({ record }) => record)
  const results = await Promise.all(records.map(record => auditor.rerun(record)))
  assert.deepEqual(
    results.map(({ outcome, model }) => [outcome, model]),
    [first, second, first, second].map(({ model }) => ['exact', model.describe().manifest]),
  )
})

test('records of one model run in a row', async t => {
  const auditor = replayer(t, { worker: worker('row', `setTimeout(() => ${ANSWER}, 5)`) })
  const order: string[] = []
  const run = ({ record, model }: typeof first) =>
    auditor.rerun(record).then(() => order.push(model.describe().name))
  await Promise.all([first, second, first, second, first].map(run))
  assert.deepEqual(order, ['one', 'one', 'one', 'two', 'two'])
})

test('a run that hangs costs its record alone', async t => {
  const hangs = worker('hangs', `if (order.file.includes('one')) for (;;); ${ANSWER}`)
  const auditor = replayer(t, { worker: hangs, timeoutMs: 1500 })
  const [slow, good] = await Promise.all([auditor.rerun(first.record), auditor.rerun(second.record)])
  assert.deepEqual([slow.outcome, slow.reason], ['not-rerun', 'timed-out'])
  assert.equal(good.outcome, 'exact')
})

test('a run that crashes costs its record alone, however it does', async t => {
  for (const [name, how] of [
    ['aborts', 'process.kill(process.pid, "SIGSEGV")'],
    ['exits', 'process.exit(3)'],
    ['throws', 'throw new Error("no")'],
  ] as const) {
    const auditor = replayer(t, {
      worker: worker(name, `if (order.file.includes('one')) ${how}; else ${ANSWER}`),
    })
    const results = await Promise.all([first, second, first].map(({ record }) => auditor.rerun(record)))
    assert.deepEqual(
      results.map(({ outcome, reason }) => reason ?? outcome),
      ['crashed', 'exact', 'crashed'],
      name,
    )
  }
})

test('a run that takes too much memory is ended', { skip: process.platform !== 'linux' }, async t => {
  const grows = worker('grows', `globalThis.all = Array.from({ length: 40 }, () => Buffer.alloc(1 << 23, 1))`)
  const auditor = replayer(t, { worker: grows, memoryBytes: 200 * 2 ** 20 })
  assert.equal((await auditor.rerun(first.record)).reason, 'beyond-limits')
})

test('a record that waits or runs can be given up', async t => {
  const auditor = replayer(t, { worker: worker('waits', 'if ("abort" in order) process.exit()') })
  const [running, waiting] = [new AbortController(), new AbortController()]
  const results = [auditor.rerun(first.record, running.signal), auditor.rerun(second.record, waiting.signal)]
  await new Promise(resolve => setTimeout(resolve, 200))
  assert.equal(auditor.waiting, 1)
  waiting.abort()
  assert.equal((await results[1]!).reason, 'aborted')
  running.abort()
  assert.match((await results[0]!).reason!, /aborted|crashed/)
  assert.equal((await auditor.rerun(first.record, AbortSignal.abort())).reason, 'aborted')
})

test('what is closed answers all that waited', async t => {
  const auditor = replayer(t, { worker: worker('silent', '') })
  const results = Promise.all([first, second].map(({ record }) => auditor.rerun(record)))
  await new Promise(resolve => setTimeout(resolve, 50))
  await auditor.close()
  assert.deepEqual(
    (await results).map(({ reason }) => reason),
    ['aborted', 'aborted'],
  )
})

test('what is not run is said at once: no file, too large, too many', async t => {
  const { record } = first
  assert.equal((await replayer(t, { findModel: () => undefined }).rerun(record)).reason, 'no-model-file')
  const limits = { contextSize: 1, threads: 1, modelBytes: 10, responseBytes: 1 << 20 }
  assert.equal((await replayer(t, { limits }).rerun(record)).reason, 'beyond-limits')
  const full = replayer(t, { queue: 1, worker: worker('full', '') })
  const held = [full.rerun(record), full.rerun(record)]
  await new Promise(resolve => setTimeout(resolve, 50))
  await assert.rejects(full.rerun(record), { code: 'too-many-requests' })
  await full.close()
  await Promise.all(held)
  const other = { ...record, request: record.request.subarray(1) }
  await assert.rejects(replayer(t).rerun(other), { code: 'content-mismatch' })
})
