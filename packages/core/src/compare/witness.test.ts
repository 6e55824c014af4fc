/** The features and the witness, against kernels written out pair by pair. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { placeKernel, spectrumKernel } from './kernels.ts'
import { babble, seeded } from './random.fixture.ts'
import { hashOf, MOST_UNITS, unitsOf } from './units.ts'
import { Witness } from './witness.ts'

const SHRINK = 6

/** The features of both kernels as texts: nothing hashed, nothing shared. */
const NAIVE = {
  place: (prompt: string, words: string[]) => [
    ...words.slice(0, 24).map((word, i) => `${prompt}|${i}|${word}`),
    ...words.slice(0, 8).map((_, i) => `${prompt}|from the start|${words.slice(0, i + 1).join('|')}`),
  ],
  spectrum: (_: string, words: string[]) =>
    [1, 2, 3].flatMap(run =>
      words.slice(0, Math.max(0, words.length - run + 1)).map((_, i) => words.slice(i, i + run).join('|')),
    ),
}

test('the witness is the weighted mean difference of kernels, to the earlier answers of either side', () => {
  for (const [name, kernel] of [
    ['place', placeKernel()],
    ['spectrum', spectrumKernel()],
  ] as const) {
    const witness = new Witness(kernel)
    // A seed at which no two features share a place in the table.
    const random = seeded(name.length + 5)
    const a: string[][] = []
    const b: string[][] = []
    let square = 0
    let rounds = 0
    for (let i = 0; i < 40; i++) {
      const prompt = `p${i % 3}`
      const [x, y] = [babble(random, 10), babble(random, 10, 1.5)]
      const margin = witness.margin(hashOf(prompt), unitsOf(x, 'x'), unitsOf(y, 'y'))
      const ofX = NAIVE[name](prompt, wordsOf(x))
      const ofY = NAIVE[name](prompt, wordsOf(y))
      const seen = (side: string[][], feature: string) =>
        side.reduce((sum, features) => sum + features.filter(one => one === feature).length, 0)
      // A kernel between one text and another is the sum of the weights of the features they share, one by one.
      const score = (features: string[]) =>
        features.reduce((sum, feature) => {
          const weight = 1 / (seen(a, feature) + seen(b, feature) + SHRINK)
          return sum + weight * seen(a, feature) - weight * seen(b, feature)
        }, 0)
      let expected = score(ofX) - score(ofY)
      if (Math.abs(expected) > 1e-12) {
        rounds++
        square += (expected * expected - square) / Math.min(rounds, 32)
        expected /= Math.sqrt(square)
      }
      assert.ok(Math.abs(margin - expected) < 1e-9, `${name}, pair ${i}: ${margin} and ${expected}`)
      a.push(ofX)
      b.push(ofY)
    }
  }
})

/** `babble` puts a space before each word, which is a unit with it; the end is one too. */
function wordsOf(text: string): string[] {
  return [...text.trim().split(' '), 'END']
}

test('units: words with their space, signs alone, scripts without spaces sign by sign', () => {
  const count = (text: string) => unitsOf(text, 'text').length - 1
  assert.equal(count(''), 0)
  assert.equal(count('Once upon a time'), 4)
  assert.equal(count(' Once, upon'), 3)
  assert.equal(count('naïve über'), 2)
  assert.equal(count('港の朝'), 3)
  assert.equal(count('a\n\nb'), 4)
  assert.equal(count('x'.repeat(50)), 3)
  assert.equal(unitsOf('word '.repeat(1000), 'text').length, MOST_UNITS)
  assert.notDeepEqual(unitsOf('Once upon', 'text'), unitsOf('Once upon ', 'text'))
})
