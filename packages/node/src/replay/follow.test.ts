/** Following a text through a model of a few tokens, whose scores the tests set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scores, Uniforms } from '@answerable/core/audit'
import type { Generation } from '../runtime/index.ts'
import { StopText } from '../runtime/stop-text.ts'
import { TextRun } from '../runtime/text-run.ts'
import { TokenText } from '../runtime/token-text.ts'
import { type FollowedText, followText, type ReplayedModel } from './follow.ts'

const GREEDY = { temperature: 0, topK: 0, topP: 1, minP: 0 }
const MARGIN = 0.05
const END = 0

/** Logits of the next token after those so far, by token; what is left out is far below. */
type Logits = (path: readonly number[]) => Record<number, number>

/** A model with these pieces; the first token is the end. Bytes above 127 are parts of characters. */
function made(pieces: readonly (string | number)[], logits: Logits): ReplayedModel {
  const detokenize = (tokens: readonly number[]) =>
    Buffer.concat(
      tokens.map(token => {
        const piece = pieces[token]!
        return typeof piece === 'number' ? Buffer.of(piece) : Buffer.from(piece)
      }),
    ).toString()
  return {
    textRun: ({ stop, maxTokens }: Generation) =>
      new TextRun({
        decoder: new TokenText(detokenize, []),
        stops: new StopText(stop),
        most: maxTokens,
        isEnd: token => token === END,
      }),
    pieceOf: token => detokenize([token]),
    async *score() {
      const path: number[] = []
      for (;;) {
        const set = logits(path)
        const values = pieces.map((_, token) => set[token] ?? -12)
        const total = values.reduce((sum, value) => sum + Math.exp(value), 0)
        path.push(yield Float64Array.from(values, value => value - Math.log(total)))
      }
    },
  } as Pick<ReplayedModel, 'textRun' | 'pieceOf' | 'score'> as ReplayedModel
}

function follow(model: ReplayedModel, text: string, more: Partial<Generation & FollowedText> = {}) {
  const { finish, tokens, ...rest } = { finish: 'stop' as const, tokens: undefined, ...more }
  const generation: Generation = {
    ...GREEDY,
    prompt: { tokens: [], stop: [], stopTokens: [] },
    seed: 0,
    maxTokens: 20,
    stop: [],
    ...rest,
  }
  const signal = new AbortController().signal
  return followText(model, generation, { text, finish, tokens }, { margin: MARGIN, signal, knowsDraws: true })
}

test('of two ways to cut a text, the one that the model may have taken counts', async () => {
  const pieces = ['', 'ab', 'a', 'bc', 'c']
  const model = made(pieces, path => {
    // 'ab' is a hair above 'a', and only after 'a' does the text go on as it is recorded.
    if (path.length === 0) return { 1: 1.02, 2: 1 }
    if (path.length === 1) return path[0] === 2 ? { 3: 5 } : { 0: 5 }
    return { [END]: 5 }
  })
  const followed = await follow(model, 'abc')
  assert.ok(followed.whole)
  assert.deepEqual(
    followed.steps.map(({ same }) => same),
    [false, true, true],
  )
  assert.ok(Math.abs(followed.steps[0]!.noise - 0.01) < 1e-4)
  // Of as many tokens as are counted.
  assert.ok((await follow(model, 'abc', { tokens: 2 })).whole)
  const { steps } = await follow(model, 'abc', { tokens: 3 })
  assert.ok(steps.some(({ noise }) => noise > MARGIN))
})

test('where no cut is one that the model may have taken, the first token beyond the margin shows', async () => {
  const model = made(['', 'a', 'b', 'c'], path =>
    path.length === 3 ? { [END]: 5 } : { [path.length + 1]: 5, 3: 1 },
  )
  const followed = await follow(model, 'acc')
  assert.deepEqual(
    followed.steps.map(({ same }) => same),
    [true, false, true, true],
  )
  assert.ok(Math.abs(followed.steps[1]!.noise - 2) < 0.01)
  assert.ok(Math.abs(followed.steps[1]!.gap - 4) < 1e-9)
})

test('a text that the tokens cannot make is beyond every margin', async () => {
  const model = made(['', 'a'], () => ({ 1: 5 }))
  const followed = await follow(model, 'ax')
  assert.equal(followed.whole, false)
  assert.equal(followed.steps.at(-1)!.noise, Number.POSITIVE_INFINITY)
})

test('characters in parts are followed', async () => {
  const euro = [0xe2, 0x82, 0xac]
  const model = made(['', 'a', ...euro], path => ({ [path.length < 4 ? path.length + 1 : END]: 5 }))
  const followed = await follow(model, 'a€')
  assert.ok(followed.whole)
  assert.ok(followed.steps.every(({ same }) => same))
  const other = await follow(model, 'a₭')
  assert.ok(other.steps.some(({ noise }) => noise > MARGIN))
})

test('the end counts: too early, too late, at a stop, at the limit', async () => {
  const model = made(['', 'a', 'b', 'STOP'], path => ({ [[1, 2, 1, 3][path.length] ?? END]: 5 }))
  const beyond = async (...args: [string, Partial<Generation & FollowedText>]) =>
    (await follow(model, ...args)).steps.filter(({ noise }) => !(noise <= MARGIN)).length
  assert.equal(await beyond('abaSTOP', {}), 0)
  assert.equal(await beyond('aba', { stop: ['STOP'] }), 0)
  assert.equal(await beyond('aba', { stop: ['OP', 'STOP'] }), 0)
  assert.ok((await beyond('aba', {})) > 0)
  assert.equal(await beyond('aba', { finish: 'length', maxTokens: 3 }), 0)
  assert.ok((await beyond('aba', { maxTokens: 3 })) > 0)
  assert.ok((await beyond('ab', { finish: 'length', maxTokens: 3 })) > 0)
  assert.equal(await beyond('ab', { finish: undefined }), 0)
})

test('a draw is followed by its seed, through positions with one token left', async () => {
  const sampler = { temperature: 1, topK: 0, topP: 1, minP: 0.3 }
  const pieces = ['', ...'abcdefgh']
  // At every third position one token alone is left, and a number is drawn all the same.
  const logits: Logits = path =>
    path.length % 3 === 2
      ? { 1: 5 }
      : Object.fromEntries(
          pieces.map((_, token) => [token, token === END ? -12 : Math.sin(token * (path.length + 1)) / 3]),
        )
  const model = made(pieces, logits)
  for (let seed = 1; seed <= 10; seed++) {
    const uniforms = new Uniforms(seed)
    const path: number[] = []
    while (path.length < 18) {
      const set = logits(path)
      const values = pieces.map((_, token) => set[token] ?? -12)
      const total = values.reduce((sum, value) => sum + Math.exp(value), 0)
      const scores = new Scores(
        Float64Array.from(values, value => value - Math.log(total)),
        sampler,
      )
      path.push(scores.draw(uniforms.at(path.length)))
    }
    const text = path.map(token => pieces[token]).join('')
    const asked = { ...sampler, seed, maxTokens: 18, finish: 'length' } as const
    const followed = await follow(model, text, asked)
    assert.ok(followed.whole && followed.steps.every(({ same }) => same), `seed ${seed}`)
    const other = await follow(model, text, { ...asked, seed: seed + 100 })
    assert.ok(
      other.steps.some(({ noise }) => noise > MARGIN),
      `seed ${seed}`,
    )
  }
})
