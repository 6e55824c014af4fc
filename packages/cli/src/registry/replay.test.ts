import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import { formatNote, signText } from '@answerable/core/note'
import { cosign, formatCheckpoint } from '@answerable/core/tlog'
import { flipped } from '../../../core/test/fixture.ts'
import { type Owner, RegistryWorld } from '../../../core/test/registry.ts'
import { registryNetwork } from './charter.ts'
import { followRegistry, mergeRevoked } from './follow.ts'
import { extend, type RegistrySource, replay, replayWhole } from './replay.ts'

interface Lies {
  entries?: readonly Uint8Array[]
  /** Who signs as the log. */
  host?: Owner
  cosigners?: readonly Owner[]
  /** Bundles that fail before they are answered. */
  failures?: number
}

/** A mirror of a world that says what it is told to. */
function mirror(world: RegistryWorld, lies: Lies = {}): RegistrySource {
  const { entries = world.entries, host = world.founders[0]!, cosigners = world.founders } = lies
  let { failures = 0 } = lies
  const text = formatCheckpoint({
    origin: host.note('host').key.name,
    size: world.entries.length,
    root: world.registry.root(),
    extensions: [],
  })
  const signatures = [
    signText(text, host.note('host')),
    ...cosigners.map(owner => cosign(text, owner.note('witness'), 1_800_000_000)),
  ]
  return {
    url: 'https://mirror.example',
    checkpoint: async () => formatNote({ text, signatures }),
    async *entries(from, to) {
      for (let at = from; at < to; at += 5) {
        if (failures-- > 0) throw new AnswerableError('unavailable', 'down')
        yield entries.slice(at, Math.min(at + 5, to))
      }
    },
  }
}

function grown(ticks = 3): RegistryWorld {
  const world = new RegistryWorld()
  for (let i = 0; i < ticks; i++) world.tick()
  return world
}

const kinds = (faults: readonly { kind: string }[]) => faults.map(({ kind }) => kind)

test('a whole registry: its state, what is void, who cosigned', async () => {
  const world = grown()
  const [, bo] = world.founders
  world.state_('tick', { at: new Date(world.now - 1000).toISOString() }, bo!, 'validator')
  const replayed = await replay(mirror(world), { network: world.state.network })
  assert.deepEqual(replayed.faults, [])
  assert.equal(replayed.registry.digest(), world.registry.digest())
  assert.equal(replayed.kinds.get('tick'), 9)
  assert.deepEqual([...replayed.voids], [['tick-backwards', { count: 1, first: 10 }]])
  assert.equal(replayed.owners.filter(({ reached }) => reached).length, 3)
  assert.equal(replayed.last.get('bo')!.get('tick')!.index, world.entries.length - 3)
})

test('a mirror that does not answer for a moment is asked again from where it stopped', async () => {
  const world = grown()
  const { faults, registry } = await replay(mirror(world, { failures: 2 }))
  assert.deepEqual([faults.length, registry.size], [0, world.entries.length])
})

test('lies of a mirror, each by its kind', async () => {
  const world = grown()
  const [, bo, cy] = world.founders as [Owner, Owner, Owner]
  const altered = world.entries.map((entry, i) => (i === 4 ? flipped(entry, entry.length >> 1) : entry))
  const swapped = [
    ...world.entries.slice(0, 3),
    world.entries[4]!,
    world.entries[3]!,
    ...world.entries.slice(5),
  ]
  for (const [what, lies, kind] of [
    ['an altered entry', { entries: altered }, 'tree'],
    ['another order', { entries: swapped }, 'tree'],
    ['another member as host', { host: bo }, 'host'],
    ['too few cosignatures', { cosigners: [cy] }, 'quorum'],
  ] as const) {
    const { faults } = await replay(mirror(world, lies), { pauses: [] })
    assert.deepEqual(kinds(faults), [kind], what)
    await assert.rejects(
      replayWhole(mirror(world, lies), { quorum: true, pauses: [] }),
      AnswerableError,
      what,
    )
  }
  // While an owner is away, the others still act on what the host shows.
  await replayWhole(mirror(world, { cosigners: [cy] }), { pauses: [] })
  const other = grown(1)
  await assert.rejects(replay(mirror(world), { network: 'a'.repeat(64) }), { code: 'conflict' })
  assert.equal(await registryNetwork(mirror(other)), other.state.network)
  await assert.rejects(registryNetwork(mirror(world, { entries: world.entries.slice(1) })), {
    code: 'conflict',
  })
})

test('what was seen before must be continued', async () => {
  const world = grown()
  const seen = { size: world.entries.length, root: world.registry.root(), where: 'a file' }
  world.tick()
  assert.deepEqual((await replay(mirror(world), { seen: [seen] })).faults, [])
  const forked = new RegistryWorld()
  forked.now += 1
  for (let i = 0; i < 4; i++) forked.tick()
  assert.deepEqual(kinds((await replay(mirror(forked), { seen: [seen] })).faults), ['forked'])
  const older = new RegistryWorld()
  assert.deepEqual(kinds((await replay(mirror(older), { seen: [seen] })).faults), ['behind'])
  const kept = { ...seen, note: '' }
  await assert.rejects(followRegistry(mirror(forked), forked.state.network, kept), { code: 'conflict' })
  const followed = await followRegistry(mirror(world), world.state.network, kept)
  assert.equal(followed.entries.length, world.entries.length)
})

test('going on with what the host has beyond a copy', async () => {
  const world = grown(1)
  const replayed = await replay(mirror(world))
  assert.equal(await extend(replayed, mirror(world)), replayed)
  world.tick()
  const more = await extend(replayed, mirror(world, { cosigners: [] }))
  assert.equal(more!.state.time, world.state.time)
  assert.deepEqual(kinds(more!.faults), ['quorum'])
  const again = await replay(mirror(world))
  world.tick()
  assert.equal(await extend(again, mirror(world, { host: world.founders[1]! })), undefined)
})

test('a host that was moved is followed, and a stolen key is revoked for the reader', async () => {
  const world = grown(1)
  const [ada, bo] = world.founders as [Owner, Owner]
  const before = await followRegistry(mirror(world), world.state.network)
  const kept = { size: world.entries.length, root: world.registry.root(), where: 'kept', note: '' }
  const since = new Date(world.now).toISOString()
  const { keyid } = ada.signer('host')
  world.state_('revocation', { key: keyid, since, reason: 'stolen' }, ada)
  const move = {
    from: world.state.host!.origin,
    size: world.entries.length,
    root: world.root(),
    to: { vkey: bo.key('host').key, member: 'bo', url: 'https://bo.example' },
    reason: 'stolen key',
  }
  const signers = world.founders.slice(1).map(owner => owner.signer('validator'))
  const moved = world.append(world.entry('host-move', move, bo, ...signers))
  assert.ok(moved.effective, String(moved.rule))
  const after = await followRegistry(mirror(world, { host: bo }), world.state.network, kept)
  assert.equal(after.replayed.state.host!.member, 'bo')
  assert.notEqual(after.text, before.text)
  assert.ok(after.revoked[ada.key('host').key]! > 0)
  // The old host goes on by itself: nobody follows.
  const { faults } = await replay(mirror(world, { host: ada }), { seen: [kept] })
  assert.deepEqual(kinds(faults), ['host'])
  assert.deepEqual(mergeRevoked({ a: 5, b: 1 }, { a: 3, c: 2 }), { a: 3, b: 1, c: 2 })
})
