import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { generateApplicants } from './credit-generator.ts'
import { buildDemoModels, demoFiles, digestsOf, pinnedDigests } from './demo-models.ts'
import type { ModelCard } from './model-card.ts'

const directory = await mkdtemp(join(tmpdir(), 'answerable-models-'))
after(() => rm(directory, { recursive: true }))
const files = demoFiles()

function cardOf(name: string): ModelCard {
  return JSON.parse(Buffer.from(files[`${name}.card.json`]!).toString())
}

test('the files have the same bytes everywhere', () => {
  // If a change here is meant: raise VERSION and take these digests.
  assert.deepEqual(digestsOf(files), pinnedDigests())
})

test('building is idempotent, and mends what is missing or wrong', async () => {
  const place = join(directory, 'new', 'models')
  const models = await buildDemoModels(place)
  assert.deepEqual(
    models.map(({ name, version, file }) => ({ name, version, file })),
    [
      { name: 'credit-f32', version: '1.0.0', file: join(place, 'credit-f32.onnx') },
      { name: 'credit-int8', version: '1.0.0', file: join(place, 'credit-int8.onnx') },
    ],
  )
  const names = Object.keys(files).sort()
  assert.deepEqual((await readdir(place)).sort(), names)
  const times = async () => Promise.all(names.map(async name => (await stat(join(place, name))).mtimeMs))
  const before = await times()
  assert.deepEqual(await buildDemoModels(place), models)
  assert.deepEqual(await times(), before)

  await writeFile(join(place, 'credit-f32.onnx'), 'torn')
  await rm(join(place, 'credit-int8.card.json'))
  assert.deepEqual(await buildDemoModels(place), models)
  assert.deepEqual((await readdir(place)).sort(), names)
  for (const name of names) assert.deepEqual(new Uint8Array(await readFile(join(place, name))), files[name])
  const kept = await stat(join(place, 'credit-int8.onnx'))
  assert.equal(kept.mtimeMs, before[names.indexOf('credit-int8.onnx')])
})

test('two builders at once both end with the right files', async () => {
  const place = join(directory, 'shared')
  const [a, b] = await Promise.all([buildDemoModels(place), buildDemoModels(place)])
  assert.deepEqual(a, b)
  assert.deepEqual((await readdir(place)).sort(), Object.keys(files).sort())
})

test('cards state figures that show the bias', () => {
  const base = generateApplicants(8000, 20240502).filter(({ good }) => good).length / 8000
  for (const name of ['credit-f32', 'credit-int8']) {
    const { evaluation, bias, sha256, file } = cardOf(name)
    assert.equal(sha256, digestsOf(files)[file])
    const { figures } = evaluation
    assert.ok(figures.all!.accuracy > 0.75, `accuracy ${figures.all!.accuracy}`)
    assert.ok(figures.all!.accuracy > Math.max(base, 1 - base) + 0.05, 'better than one answer for all')
    for (const [group, others] of [
      ['female', 'male'],
      ['under_26', '26_and_over'],
      ['foreign_worker', 'not_foreign_worker'],
    ] as const) {
      const ratio = figures[group]!.wouldRepayDeclined! / figures[others]!.wouldRepayDeclined!
      assert.ok(ratio > 1.3, `${group}: declined ${ratio} times as often`)
      const said = `${(figures[group]!.wouldRepayDeclined! * 100).toFixed(1)}%`
      assert.ok(bias.statement.includes(said), said)
    }
  }
  assert.ok(cardOf('credit-int8').evaluation.agreementWithF32! > 0.98)
})
