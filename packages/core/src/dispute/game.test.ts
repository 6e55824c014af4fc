import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnswerableError } from '../error.ts'
import type { Tensor } from '../graph/tensor.ts'
import { nativeSuite as suite } from '../note/fixtures.test.ts'
import {
  checkBeginning,
  checkOpening,
  claimHash,
  claimOf,
  descendantsOf,
  foldHashes,
  mergeOpened,
  parseOpening,
  TILE_ELEMENTS,
  Trace,
} from '../trace/index.ts'
import {
  firstDifference,
  forfeit,
  type Game,
  MAX_ROUNDS,
  move,
  nextMove,
  openGame,
  parseMove,
  RUNTIME_BOUND,
  type Side,
} from './index.ts'

const key = new Uint8Array(32).fill(3)

function values(count: number, elements: number) {
  return Array.from({ length: count }, (_, i) => ({
    name: `v${i}`,
    tensor: {
      type: 'float32' as const,
      dims: [elements],
      data: Float32Array.from({ length: elements }, (_, j) => i * 1000 + j),
    },
  }))
}

function played(traces: Record<Side, Trace>): Game {
  let game = openGame(traces.challenger.commitment)
  for (let i = 0; game.turn !== undefined; i++) {
    assert.ok(i <= 2 * MAX_ROUNDS + 1, 'a game ends')
    const moved = move(game, game.turn, nextMove(game, traces[game.turn]), suite)
    assert.ok('game' in moved, 'refused' in moved ? moved.refused : '')
    game = moved.game
  }
  return game
}

test('a game ends at the first element that differs, wherever that is', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 20 * TILE_ELEMENTS }),
      fc.nat(),
      fc.nat(),
      fc.nat(),
      (count, elements, which, where, later) => {
        const value = which % count
        const at = where % elements
        const trace = Trace.of(values(count, elements), key, suite)
        const data = trace.values[value]!.tensor.data.slice() as Float32Array
        data[at]! += 1
        let lie = trace.with(value, { ...trace.values[value]!.tensor, data })
        // Whatever differs after it changes nothing.
        const after = value + (later % (count - value))
        if (after !== value) lie = lie.with(after, { type: 'int32', dims: [1], data: Int32Array.of(5) })
        const game = played(
          later % 2 === 0 ? { challenger: trace, defender: lie } : { challenger: lie, defender: trace },
        )
        assert.deepEqual(game.end, { kind: 'tile', value, tile: Math.floor(at / TILE_ELEMENTS) })
        const rounds =
          1 +
          Math.ceil(Math.ceil(Math.log2(count)) / 4) +
          Math.ceil(Math.ceil(Math.log2(Math.ceil(elements / TILE_ELEMENTS))) / 4)
        assert.ok(game.rounds <= rounds, `${game.rounds} of ${rounds}`)
      },
    ),
    { numRuns: 150 },
  )
})

test('the other ends: the same trace, another number of values, another head, silence', () => {
  const trace = Trace.of(values(5, 10), key, suite)
  assert.deepEqual(played({ challenger: trace, defender: trace }).end, { kind: 'same-root' })
  const more = Trace.of(values(6, 10), key, suite)
  assert.deepEqual(played({ challenger: trace, defender: more }).end, { kind: 'graph' })
  const shape = trace.with(3, { ...trace.values[3]!.tensor, dims: [5, 2] })
  assert.deepEqual(played({ challenger: shape, defender: trace }).end, { kind: 'head', value: 3 })
  const empty: Tensor = { type: 'float32', dims: [0], data: new Float32Array(0) }
  assert.deepEqual(played({ challenger: trace, defender: trace.with(2, empty) }).end, {
    kind: 'head',
    value: 2,
  })
  const game = forfeit(openGame(trace.commitment), 'defender')
  assert.deepEqual(game.end, { kind: 'silence', by: 'defender' })
  assert.equal(forfeit(game, 'challenger'), game)
  const late = move(game, 'defender', nextMove(openGame(trace.commitment), trace), suite)
  assert.deepEqual(late, { refused: 'the dispute is over' })
})

test('a move is anything: it is played or refused, and a refused one changes nothing', () => {
  const trace = Trace.of(values(40, 3 * TILE_ELEMENTS), key, suite)
  const data = trace.values[17]!.tensor.data.slice() as Float32Array
  data[300] = 0.5
  const lie = trace.with(17, { ...trace.values[17]!.tensor, data })
  const games: { game: Game; good: unknown }[] = []
  let game = openGame(trace.commitment)
  while (game.turn !== undefined) {
    const good = nextMove(game, game.turn === 'challenger' ? trace : lie)
    games.push({ game, good })
    const moved = move(game, game.turn, good, suite)
    assert.ok('game' in moved)
    game = moved.game
  }
  const side = fc.constantFrom<Side>('challenger', 'defender')
  const wrong = fc.anything({ maxDepth: 3, withBigInt: true, withNullPrototype: true })
  fc.assert(
    fc.property(fc.constantFrom(...games), side, wrong, ({ game }, by, anything) => {
      const kept = JSON.stringify(game)
      assert.ok('refused' in move(game, by, anything, suite))
      assert.equal(JSON.stringify(game), kept)
    }),
    { numRuns: 2000 },
  )
  // One digit changed anywhere in a good move.
  for (const { game, good } of games.slice(1)) {
    const text = JSON.stringify(good)
    for (let i = 0; i < text.length; i += 7) {
      if (!/[0-9a-f]/.test(text[i]!)) continue
      let changed: unknown
      try {
        changed = JSON.parse(text.slice(0, i) + (text[i] === '1' ? '2' : '1') + text.slice(i + 1))
      } catch {
        continue
      }
      assert.ok('refused' in move(game, game.turn!, changed, suite), text)
    }
  }
})

test('moves are read strictly', () => {
  const hash = 'ab'.repeat(32)
  for (const good of [
    { kind: 'commit', version: 1, root: hash, count: 1 },
    { kind: 'hashes', hashes: [hash] },
    { kind: 'leaf', head: hash, tiles: hash, count: 0 },
  ])
    assert.deepEqual(parseMove(good), good)
  for (const bad of [
    null,
    [],
    { kind: 'give-up' },
    { kind: 'commit', version: 2, root: hash, count: 1 },
    { kind: 'commit', version: 1, root: hash, count: 0 },
    { kind: 'commit', version: 1, root: hash, count: 2 ** 21 },
    { kind: 'commit', version: 1, root: hash.toUpperCase(), count: 1 },
    { kind: 'hashes', hashes: [hash], note: 'x' },
    { kind: 'hashes', hashes: Array.from({ length: 17 }, () => hash) },
    { kind: 'leaf', head: hash, tiles: hash, count: 2 ** 24 },
    { kind: 'leaf', head: hash, tiles: hash, count: 0.5 },
  ])
    assert.equal(typeof parseMove(bad), 'string', JSON.stringify(bad))
})

test('nodes of a tree: folding what lies below gives the node', () => {
  const trace = Trace.of(values(37, 4), key, suite)
  const bytes = (hex: string) => Uint8Array.from(hex.match(/../g)!, pair => Number.parseInt(pair, 16))
  const root = { start: 0, end: 37 }
  const hashes = trace.subtrees(root)
  assert.equal(hashes.length, descendantsOf(root).length)
  const folded = foldHashes(root, hashes.map(bytes), suite)
  assert.deepEqual(folded, bytes(trace.commitment.root))
  assert.throws(() => foldHashes(root, hashes.slice(1).map(bytes), suite), { code: 'bad-proof' })
  assert.throws(() => foldHashes(root, [...hashes, hashes[0]!].map(bytes), suite), { code: 'bad-proof' })
})

test('openings: whole, in tiles, and every change to one is found', () => {
  const trace = Trace.of(values(9, 5 * TILE_ELEMENTS + 3), key, suite)
  const whole = checkOpening(trace.open(4, 'all'), trace.commitment, key, suite)
  assert.deepEqual(whole.data, trace.values[4]!.tensor.data)
  const parts = [[0, 3], [5]].map(tiles => {
    const opening = parseOpening(JSON.parse(JSON.stringify(trace.open(4, tiles))))
    return checkOpening(opening, trace.commitment, key, suite)
  })
  assert.ok(parts[0]!.shows(10, 200) && !parts[0]!.shows(200, 300) && parts[0]!.shows(700, 700))
  const merged = mergeOpened(parts[0]!, parts[1]!)
  assert.deepEqual([...merged.shown], [0, 3, 5])
  assert.equal(merged.data[5 * TILE_ELEMENTS + 2], 4000 + 5 * TILE_ELEMENTS + 2)
  assert.equal(merged.data[TILE_ELEMENTS], 0)

  const text = JSON.stringify(trace.open(4, [1, 5]))
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('0', '1', 'a', 'b', 'A', ' ', '"'), (at, letter) => {
      if (text[at] === letter) return
      try {
        const opening = parseOpening(JSON.parse(text.slice(0, at) + letter + text.slice(at + 1)))
        checkOpening(opening, trace.commitment, key, suite)
        assert.fail(`changed at ${at} to ${letter}`)
      } catch (error) {
        assert.ok(error instanceof AnswerableError || error instanceof SyntaxError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
  const others = [new Uint8Array(32), new Uint8Array(32).fill(4)]
  for (const other of others)
    assert.throws(() => checkOpening(trace.open(4), trace.commitment, other, suite), { code: 'bad-proof' })
})

test('a trace begins with what the judge has', () => {
  const all = values(9, 5)
  const trace = Trace.of(all, key, suite)
  for (let count = 0; count <= 9; count++) {
    const leaves = all
      .slice(0, count)
      .map(({ name, tensor }, i) => claimHash(claimOf(i, name, tensor, key, suite), suite))
    checkBeginning(leaves, trace.beginning(count), trace.commitment, suite)
    if (count > 0)
      assert.throws(
        () =>
          checkBeginning(
            leaves.with(
              0,
              leaves.at(-1)!.map(x => x ^ 1),
            ),
            trace.beginning(count),
            trace.commitment,
            suite,
          ),
        {
          code: 'bad-proof',
        },
      )
  }
})

test('equal contents under one key have unequal hashes, and none without the key', () => {
  const [first] = values(1, TILE_ELEMENTS)
  const twice = {
    ...first!.tensor,
    dims: [2, TILE_ELEMENTS],
    data: Float32Array.from([...first!.tensor.data, ...first!.tensor.data] as number[]),
  }
  const trace = Trace.of([first!, { name: 'v0', tensor: twice }], key, suite)
  const [a, b] = trace.tileSubtrees(1, { start: 0, end: 2 })
  assert.notEqual(a, b)
  assert.notEqual(a, trace.tileSubtrees(0, { start: 0, end: 1 })[0])
  assert.notEqual(
    Trace.of([first!], new Uint8Array(32), suite).commitment.root,
    Trace.of([first!], key, suite).commitment.root,
  )
})

test('a response within the bound of its canonical output, and beyond', () => {
  const fp32 = (...data: number[]): Tensor => ({
    type: 'float32',
    dims: [data.length],
    data: Float32Array.from(data),
  })
  const bound = RUNTIME_BOUND
  assert.equal(firstDifference(fp32(1, Number.NaN, -0), fp32(1 + 2 ** -20, Number.NaN, 0), bound), undefined)
  for (const [a, b] of [
    [1, 1.001],
    [0, 0.001],
    [Number.NaN, 1],
    [1, Number.NaN],
    [Number.POSITIVE_INFINITY, 3e38],
    [3e38, Number.POSITIVE_INFINITY],
  ])
    assert.notEqual(firstDifference(fp32(a!), fp32(b!), bound), undefined, `${a} ${b}`)
  const bool = (value: number): Tensor => ({ type: 'bool', dims: [1], data: Uint8Array.of(value) })
  assert.notEqual(firstDifference(bool(1), bool(0), bound), undefined)
})
