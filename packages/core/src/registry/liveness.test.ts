/**
 * Random schedules of faults: a validator that is silent, lies about the time, floods, replays and forges, while members
 * come, go, are accused and change the terms. Time never passes what an honest clock showed, and once a quorum of owner
 * groups ticks again, everything that was open comes to an end.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { addNode, apply, DIGEST, forked, move, shown } from '../../test/registry-acts.ts'
import type { JsonObject } from '../shape.ts'
import { quorumOf, Registry } from './index.ts'

const HONEST = ['ada', 'bo', 'cy'].map(id => new Owner(id))
const LIAR = new Owner('mal')
const ALL = [...HONEST, LIAR]

type Act =
  | { do: 'tick'; seconds: number; who: number }
  | { do: 'lie'; by: number }
  | { do: 'replay'; at: number }
  | { do: 'forge'; at: number; flip: number }
  | { do: 'flood'; count: number }
  | { do: 'amend'; terms: JsonObject }
  | { do: 'propose'; action: 'remove' | 'reinstate'; member: number }
  | { do: 'approve'; who: number; at: number }
  | { do: 'apply'; name: number }
  | { do: 'hand-in'; by: number; at: number }
  | { do: 'challenge'; type: 'availability' | 'consistency'; by: number }
  | { do: 'vote'; by: number; opens: boolean }
  | { do: 'fork' | 'leave' | 'move' | 'node' | 'chain' }

const owner = fc.nat(ALL.length - 1)
const place = fc.nat(500)
const terms: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ statementsPerEpoch: fc.constantFrom(10, 50), epochSeconds: fc.constantFrom(1, 60, 600) }),
  fc.record({ windowSeconds: fc.constantFrom(60, 86_400), openSeconds: fc.constantFrom(60, 600) }),
  fc.record({ tickSeconds: fc.constantFrom(1, 60), maximumGapSeconds: fc.constantFrom(60, 3600) }),
  fc.record({ digestEvery: fc.constantFrom(16, 17, 65_536), panel: fc.constantFrom(1, 31) }),
  fc.record({ handInsPerEpoch: fc.constant(1), challengeSeconds: fc.constantFrom(1, 600) }),
  fc.record({ quorum: fc.constantFrom<number[]>([1, 2], [2, 3]) }),
)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('tick' as const),
      seconds: fc.constantFrom(1, 60, 600, 86_400 * 9),
      who: fc.nat(7),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('lie' as const),
      by: fc.constantFrom(-86_400_000, -1, 100_000, 1e9, 1e13),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('replay' as const), at: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forge' as const), at: place, flip: fc.nat(2000) }) },
  fc.record({ do: fc.constant('flood' as const), count: fc.nat(15) }),
  fc.record({ do: fc.constant('amend' as const), terms }),
  fc.record({
    do: fc.constant('propose' as const),
    action: fc.constantFrom('remove' as const, 'reinstate' as const),
    member: owner,
  }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('approve' as const), who: owner, at: place }) },
  fc.record({ do: fc.constant('apply' as const), name: fc.nat(2) }),
  fc.record({ do: fc.constant('hand-in' as const), by: owner, at: place }),
  fc.record({
    do: fc.constant('challenge' as const),
    type: fc.constantFrom('availability' as const, 'consistency' as const),
    by: owner,
  }),
  fc.record({ do: fc.constant('vote' as const), by: owner, opens: fc.boolean() }),
  fc.record({
    do: fc.constantFrom(
      'fork' as const,
      'leave' as const,
      'move' as const,
      'node' as const,
      'chain' as const,
    ),
  }),
)

function run(world: RegistryWorld, acts: readonly Act[]): void {
  const { state } = world
  const { log } = addNode(world, LIAR)
  let number = 0
  for (const one of acts) {
    number++
    world.now += 1000
    const { time, clock, epoch } = state
    if (one.do === 'tick')
      world.tick(
        one.seconds,
        HONEST.filter((_, i) => one.who & (1 << i)),
      )
    if (one.do === 'lie') {
      const at = Math.min(Math.max(0, world.now + one.by), Date.parse('9999-12-31T23:59:59Z'))
      world.state_('tick', { at: new Date(at).toISOString() }, LIAR, 'validator')
    }
    if (one.do === 'replay') world.append(world.entries[one.at % world.entries.length]!)
    if (one.do === 'forge') {
      const copy = world.entries[one.at % world.entries.length]!.slice()
      copy[one.flip % copy.length]! ^= 1
      world.append(copy)
    }
    for (let i = 0; one.do === 'flood' && i < one.count; i++)
      world.state_('member', { name: `Flood ${number} ${i}` }, LIAR)
    if (one.do === 'amend')
      world.state_(
        'proposal',
        { action: 'amend', terms: one.terms, at: world.registry.size + 3 },
        HONEST[number % 3]!,
      )
    if (one.do === 'propose')
      world.state_('proposal', { action: one.action, member: ALL[one.member]!.id }, HONEST[0]!)
    if (one.do === 'approve') {
      const ids = [...state.openOf('proposal'), ...state.openOf('application')]
      if (ids.length > 0) world.state_('approval', { of: ids[one.at % ids.length]! }, ALL[one.who]!)
    }
    if (one.do === 'apply')
      apply(
        world,
        new Owner(`new${one.name}`, one.name === 0 ? ['auditor'] : ['operator', 'publisher']),
        ALL[number % 4]!,
      )
    if (one.do === 'hand-in') {
      const known = world.outcomes[one.at % world.outcomes.length]!.digest
      world.state_(
        'hand-in',
        { statement: one.at % 2 === 0 && known ? known : suite.sha256Hex(Uint8Array.of(number)) },
        ALL[one.by]!,
        'validator',
      )
    }
    if (one.do === 'challenge')
      world.state_('challenge', { type: one.type, ...shown(log, `record ${number}`) }, ALL[one.by]!)
    if (one.do === 'vote')
      for (const challenge of [...state.openOf('challenge')])
        world.state_('challenge-vote', { challenge, opens: one.opens }, ALL[one.by]!, 'validator')
    if (one.do === 'fork') world.state_('fork', forked(log), HONEST[0]!)
    if (one.do === 'leave') world.state_('leave', {}, LIAR)
    if (one.do === 'move') world.append(move(world, HONEST[number % 3]!, HONEST))
    if (one.do === 'node') addNode(world, HONEST[number % 3]!, `n${number}`)
    if (one.do === 'chain')
      world.state_('beacon-commitment', { tip: DIGEST, length: 3 }, HONEST[number % 3]!, 'validator')
    assert.ok(state.time >= time && state.clock >= clock && state.epoch >= epoch && state.epoch <= epoch + 3)
    assert.ok(state.time <= world.now, 'no time that no honest clock has shown')
    assert.ok(state.clock - clock <= state.time - time)
  }
}

/** The honest owners who are validators yet. */
function there(world: RegistryWorld): Owner[] {
  return HONEST.filter(({ id }) => world.state.members.get(id)!.status === 'active')
}

test('from wherever faults have led, a quorum that ticks again brings all that is open to its end', () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 10, maxLength: 60 }), fc.boolean(), (acts, lies) => {
      const world = new RegistryWorld(ALL, {
        waitingSeconds: 60,
        digestEvery: 16,
        epochSeconds: 60,
        openSeconds: 300,
        challengeSeconds: 120,
        handInSeconds: 60,
      })
      const { state } = world
      run(world, acts)
      const honest = there(world)
      // They may have removed one another, which is theirs to do; without a quorum nothing is promised.
      if (honest.length < quorumOf(state.validatorGroups, state.terms.quorum)) return
      const { epoch } = state
      for (let i = 0; i < 90; i++) {
        if (lies)
          world.state_('tick', { at: new Date(world.now + (i % 3) * 1e9).toISOString() }, LIAR, 'validator')
        world.tick(60, honest)
      }
      assert.ok(state.time > world.now - 60_000, 'time goes on')
      assert.ok(state.epoch > epoch, 'epochs end')
      assert.deepEqual([...state.open], [], 'nothing waits for ever')
      assert.equal(state.pending.length, 0)
      for (const map of [state.anchors, state.reveals]) assert.ok(map.size <= 3)
      assert.ok(state.digests.size <= 9)

      const again = new Registry(suite)
      for (const entry of world.entries) again.append(entry)
      assert.equal(again.digest(), world.registry.digest())
    }),
    { numRuns: 20 },
  )
})

test('while a quorum is missing, time stands still', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), fc.nat(2), (acts, alone) => {
      const world = new RegistryWorld(ALL, { epochSeconds: 60 })
      world.tick(60, HONEST)
      const { state } = world
      const calm = acts.filter(
        one => one.do === 'lie' || one.do === 'replay' || one.do === 'forge' || one.do === 'flood',
      )
      const { time, clock } = state
      for (const one of calm) {
        run(world, [one])
        world.tick(60, [HONEST[alone]!])
      }
      // The liar and one more are two of four.
      assert.deepEqual([state.time, state.clock], [time, clock])
    }),
    { numRuns: 20 },
  )
})
