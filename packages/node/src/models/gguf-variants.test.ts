/** Coarser, edited and different models, as bytes and as llama.cpp runs them. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bytesSource, readGgufHeader } from '@answerable/core/model'
import { STORIES, stories } from '../../test/llama.ts'
import { LlamaModel } from '../runtime/index.ts'
import { F32, type GgufTensor, parseGguf, Q4_0, Q5_0, Q8_0, writeGguf } from './gguf-file.ts'
import { editedGguf, type GgufVariant, perturbedGguf, quantisedGguf } from './gguf-variants.ts'
import { dataOf, weightsOf } from './gguf-weights.ts'
import { Prng } from './prng.ts'

/** A file of one matrix with rows of 64, one with rows of 12, and a vector. */
function small(): Uint8Array {
  const random = new Prng(3)
  const tensor = (name: string, ...dimensions: number[]): GgufTensor => {
    const weights = Float32Array.from({ length: dimensions.reduce((a, b) => a * b) }, () => random.normal())
    return { name, dimensions, type: F32, data: dataOf(weights, F32) }
  }
  return writeGguf({
    version: 3,
    metadata: [],
    tensors: [tensor('wide', 64, 2), tensor('odd', 12, 3), tensor('norm', 64)],
  })
}

test('what is read is written the same', () => {
  const bytes = small()
  assert.deepEqual(Buffer.from(writeGguf(parseGguf(bytes))), Buffer.from(bytes))
  assert.equal(bytes.length % 32, 0)
})

test('the published model is written as it was read', t => {
  if (!existsSync(STORIES)) return t.skip('stories260K.gguf is not there')
  const bytes = readFileSync(STORIES)
  assert.ok(Buffer.from(writeGguf(parseGguf(bytes))).equals(bytes))
})

test('a file that is cut anywhere is refused, never misread', () => {
  const bytes = small()
  for (let length = 0; length < bytes.length - 32; length++)
    assert.throws(() => parseGguf(bytes.subarray(0, length)), { code: 'bad-model' }, String(length))
})

test('a weight in blocks is at most half a step off, and the furthest meets the end', () => {
  const random = new Prng(11)
  for (let round = 0; round < 200; round++) {
    const weights = Float32Array.from({ length: 64 }, () => random.normal() * 10 ** ((round % 7) - 3))
    // Half a step; a level that would be beyond the other end of the range is a whole step off at most.
    for (const [type, half, reach] of [
      [Q8_0, 127, 0.5],
      [Q5_0, 16, 1],
      [Q4_0, 8, 1],
    ] as const) {
      const data = dataOf(weights, type)
      const back = weightsOf({ name: 'w', dimensions: [64], type, data })
      for (let block = 0; block < 2; block++) {
        const span = weights.subarray(32 * block, 32 * block + 32)
        const step = Math.max(...span.map(Math.abs)) / half
        // The scale is rounded to half precision: 11 bits, and fewer where it is very small.
        const slack = half * (step * 2 ** -11 + 2 ** -25)
        span.forEach((weight, i) => {
          const off = Math.abs(weight - back[32 * block + i]!)
          assert.ok(off <= reach * step + slack, `${type}: ${weight} became ${back[32 * block + i]}`)
        })
      }
      assert.deepEqual(weightsOf({ name: 'w', dimensions: [64], type, data: dataOf(back, type) }), back)
    }
  }
})

test('blocks of zeros stay zeros', () => {
  for (const type of [Q8_0, Q5_0, Q4_0]) {
    const data = dataOf(new Float32Array(32), type)
    assert.deepEqual(
      weightsOf({ name: 'w', dimensions: [32], type, data }).map(Math.abs),
      new Float32Array(32),
    )
  }
})

test('what cannot be quantised stays, and is named', () => {
  const { changed, kept, bytes } = quantisedGguf(small(), 'Q4_0')
  assert.deepEqual(changed, ['wide'])
  assert.deepEqual(kept, [
    { tensor: 'odd', why: 'rows of 12 do not divide by 32' },
    { tensor: 'norm', why: 'a vector' },
  ])
  assert.deepEqual({ ...readGgufHeader(bytesSource(bytes)).tensorTypes }, { Q4_0: 1, F32: 2 })
  assert.throws(() => quantisedGguf(bytes, 'Q8_0'), { code: 'bad-model', message: /Q4_0/ })
})

test('an edit changes one weight, and noise changes all', () => {
  const before = parseGguf(small())
  const edited = parseGguf(editedGguf(small(), { tensor: 'odd', at: 7, by: 0.5 }).bytes)
  const differing = before.tensors.flatMap((tensor, i) => {
    const [a, b] = [weightsOf(tensor), weightsOf(edited.tensors[i]!)]
    return [...a.keys()].filter(k => a[k] !== b[k]).map(k => `${tensor.name}[${k}]`)
  })
  assert.deepEqual(differing, ['odd[7]'])
  assert.throws(() => editedGguf(small(), { tensor: 'odd', at: 36, by: 1 }), { code: 'bad-model' })
  assert.throws(() => editedGguf(small(), { tensor: 'none', at: 0, by: 1 }), { code: 'bad-model' })
  const noisy = perturbedGguf(small(), { size: 0.1, seed: 5 })
  assert.deepEqual(noisy.bytes, perturbedGguf(small(), { size: 0.1, seed: 5 }).bytes)
  assert.notDeepEqual(noisy.bytes, perturbedGguf(small(), { size: 0.1, seed: 6 }).bytes)
  assert.equal(noisy.changed.length, 3)
})

test('llama.cpp runs every variant: coarser ones say nearly the same, another model does not', async t => {
  const file = stories(t)
  if (file === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'answerable-variants-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const original = readFileSync(file)
  const say = async (variant: Pick<GgufVariant, 'bytes'>): Promise<string> => {
    const path = join(folder, 'variant.gguf')
    writeFileSync(path, variant.bytes)
    const model = await LlamaModel.open(path, { name: 'variant', version: '1' })
    try {
      let text = ''
      const generation = { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0, maxTokens: 40, stop: [] }
      const prompt = model.textPrompt('')
      for await (const piece of model.generate({ ...generation, prompt }, new AbortController().signal))
        text += piece
      return text
    } finally {
      await model.close()
    }
  }
  const honest = await say({ bytes: original })
  assert.equal(await say(editedGguf(original, { tensor: 'blk.2.attn_q.weight', at: 5, by: 1e-3 })), honest)
  for (const type of ['F16', 'Q8_0', 'Q5_0', 'Q4_0'] as const) {
    const variant = quantisedGguf(original, type)
    assert.equal(variant.kept.filter(({ why }) => why.includes('172')).length, type === 'F16' ? 0 : 5)
    assert.match(await say(variant), /^Once upon a time, there was a little/)
  }
  assert.notEqual(await say(perturbedGguf(original, { size: 2, seed: 1 })), honest)
})
