/** Registry time: what moves it, what must not, and how it starts again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Owner, RegistryWorld } from '../../test/registry.ts'
import { addNode, amend, chain, DIGEST, effective, move, nextEpoch } from '../../test/registry-acts.ts'
import { quorumOf, State, type Terms } from './index.ts'

const DAY = 86_400

function network(names: string[], terms: Partial<Terms> = {}): RegistryWorld {
  const world = new RegistryWorld(names, { waitingSeconds: 0, ...terms })
  world.tick()
  return world
}

/** One owner's tick of this time, stated now. */
function tick(world: RegistryWorld, owner: Owner, at: number) {
  return world.state_('tick', { at: new Date(at).toISOString() }, owner, 'validator')
}

test('a quorum is more than its share of the groups, any two share one, and a move’s shares one with either', () => {
  for (const quorum of [
    [1, 2],
    [2, 3],
    [3, 4],
    [99, 100],
  ] as const) {
    for (let n = 1; n <= 10; n++) {
      assert.equal(
        quorumOf(n, quorum),
        [...Array(n + 1).keys()].find(k => k * quorum[1] > n * quorum[0]),
      )
      for (const hosted of [true, false]) {
        const state = new State()
        state.terms = { ...state.terms, quorum }
        const names = Array.from({ length: n }, (_, i) => `g${i}`)
        const member = (id: string, roles: ('validator' | 'operator')[]) =>
          state.members.set(id, {
            id,
            name: id,
            ownerGroup: id,
            roles,
            jurisdiction: 'DE',
            hosting: 'own',
            url: null,
            evidence: null,
            status: 'active',
            since: { index: 0, time: 0 },
            ended: null,
          })
        for (const name of names) member(name, ['validator'])
        member('other', ['operator'])
        state.host = { origin: 'o', vkey: 'v', member: hosted ? 'g0' : 'other', url: 'u', from: 0 }
        const all = 2 ** n
        const set = (mask: number) => new Set(names.filter((_, i) => mask & (1 << i)))
        assert.ok(state.isQuorum(set(all - 1)) && state.mayMove(set(all - 1)))
        for (let mask = 0; mask < all; mask++) {
          const rest = set(all - 1 - mask)
          const moves = state.mayMove(set(mask))
          // What is left over is no quorum of the one sort or the other.
          if (state.isQuorum(set(mask))) assert.ok(!state.isQuorum(rest) && !state.mayMove(rest))
          if (moves) assert.ok(!state.isQuorum(rest) && !state.mayMove(rest))
        }
        // By default they share one more than can be dishonest where those are fewer than a third.
        if (quorum[0] === 2) {
          const size = (holds: (groups: Set<string>) => boolean) =>
            [...Array(n + 1).keys()].find(k => holds(new Set(names.slice(n - k))))!
          const shared = size(groups => state.isQuorum(groups)) + size(groups => state.mayMove(groups)) - n
          assert.ok(shared > Math.floor((n - 1) / 3))
        }
        // From three groups on, those other than the host's can move it without it.
        if (n >= 3 && hosted) assert.ok(state.mayMove(set(all - 2)))
      }
    }
  }
})

test('time is what a quorum has reached: a minority neither moves it nor, from three of four on, holds it up', () => {
  const world = network(['ada', 'bo', 'cy', 'dee'])
  const [ada, bo, cy, dee] = world.founders as [Owner, Owner, Owner, Owner]
  const { time } = world.state
  tick(world, ada, time + 30 * DAY * 1000)
  assert.equal(world.state.time, time)
  world.tick(60, [bo, cy])
  assert.equal(world.state.time, time, 'ada, who is far ahead, is nobody who is there')
  tick(world, dee, world.now)
  assert.equal(world.state.time, world.now)
  world.tick(60, [bo, cy, dee])
  assert.equal(world.state.time, world.now)
  // Whoever sets a clock right again is there again.
  effective(tick(world, ada, world.now + 1))
  world.tick(60, [bo, cy])
  assert.ok(world.state.time > world.now - 60_000)
  // Not to what has passed, and not by less than clocks differ.
  assert.equal(tick(world, bo, world.now - 1).rule, 'tick-backwards')
})

test('a tick of the year 9999 by all but a quorum changes nothing that follows', () => {
  const world = network(['ada', 'bo', 'cy', 'dee'])
  const [ada, ...others] = world.founders as [Owner, Owner, Owner, Owner]
  tick(world, ada, Date.parse('9999-12-31T23:59:59.999Z'))
  for (let i = 0; i < 10; i++) world.tick(60, others)
  assert.equal(world.state.time, world.now)
  const { time } = world.state
  for (let i = 0; i < 10; i++) world.tick(60, others.slice(1))
  assert.equal(world.state.time, time)
})

test('however long nobody was there, a quorum’s ticks start time again, and the gap counts for no deadline', () => {
  const world = network(['ada', 'bo', 'cy'])
  const [, bo, cy] = world.founders as [Owner, Owner, Owner]
  const { clock } = world.state
  world.now += 400 * DAY * 1000
  // Nor does a host that is gone keep its own successor out.
  effective(world.append(move(world, bo, [bo, cy])))
  world.tick()
  assert.equal(world.state.time, world.now)
  assert.equal(world.state.clock, clock + world.state.terms.maximumGapSeconds * 1000)
  world.tick()
  assert.equal(world.state.clock, clock + (world.state.terms.maximumGapSeconds + 60) * 1000)
})

test('no terms keep an epoch from ending: ticks count against no share', () => {
  for (const rules of [1, 2]) {
    const world = network(['ada'], { statementsPerEpoch: 10, epochSeconds: 3600 })
    if (rules === 2) amend(world, {}, 2)
    for (let i = 0; i < 70; i++) world.tick()
    assert.equal(world.state.epoch, 1)
  }
})

test('a chatty validator’s ticks do count, and from version 2 on are void', () => {
  const world = network(['ada'], { statementsPerEpoch: 20 })
  const [ada] = world.founders as [Owner]
  const rules = new Set<string>()
  for (let i = 0; i < 40; i++) rules.add(tick(world, ada, ++world.now).rule ?? 'effective')
  assert.deepEqual([...rules], ['effective', 'rate-limit'])
  const later = network(['ada'])
  amend(later, {}, 2)
  assert.equal(tick(later, ada, ++later.now).rule, 'tick-too-soon')
  later.tick()
  assert.equal(later.state.time, later.now)
})

test('a beacon chain is changed without an epoch left out, and silence is counted, also of all', () => {
  const world = network(['ada', 'bo'], { epochSeconds: 120 })
  const [ada] = world.founders as [Owner, Owner]
  const { log } = addNode(world, ada)
  const chains = [chain('first', 50), chain('second', 50)]
  const commit = (i: number) =>
    effective(world.state_('beacon-commitment', { tip: chains[i]!.tip, length: 50 }, ada, 'validator'))
  commit(0)
  assert.equal(
    world.state_('beacon-commitment', { tip: DIGEST, length: 5 }, ada, 'validator').effective,
    true,
  )
  assert.equal(
    world.state_('beacon-commitment', { tip: DIGEST, length: 6 }, ada, 'validator').rule,
    'given-before',
  )
  const other = network(['ada', 'bo'], { epochSeconds: 120 })
  const [one] = other.founders as [Owner, Owner]
  effective(other.state_('beacon-commitment', { tip: chains[0]!.tip, length: 50 }, one, 'validator'))
  const revealed: number[] = []
  const used = [0, 0]
  for (let i = 0; i < 12; i++) {
    nextEpoch(other)
    if (other.state.epoch === 4)
      effective(other.state_('beacon-commitment', { tip: chains[1]!.tip, length: 50 }, one, 'validator'))
    const epoch = other.state.epoch - 1
    for (const at of [0, 1]) {
      const link = chains[at]!.links[used[at]!]!
      if (epoch > 9 || !other.state_('reveal', { epoch, link }, one, 'validator').effective) continue
      used[at]!++
      revealed.push(epoch)
      break
    }
  }
  assert.deepEqual(revealed, [2, 3, 4, 5, 6, 7, 8, 9])
  assert.ok(used[0]! > 0 && used[1]! > 0)
  // Two epochs were withheld by the only one with a chain, and there was no anchor.
  assert.equal(other.state.chains.get('ada')!.missed, 1)
  assert.deepEqual(other.state.epochs.get('10')!.missed, ['ada'])
  assert.equal(log.size, 0)
})
