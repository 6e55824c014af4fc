import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { RegistryWorld } from '../../test/registry.ts'
import { fromUtf8 } from '../bytes.ts'
import { checkEvidence, formatEvidence, parseEvidence, proveRecords, Registry } from './index.ts'

/** Three owners, their registry at a due size, and the digests that they signed of it. */
function sealed(signing = 3) {
  const world = new RegistryWorld(['ada', 'bo', 'cy'], { digestEvery: 16 })
  while (world.registry.size < 16) world.tick(60)
  const { size, digest } = world.registry.due!
  const at = new Registry(suite)
  for (const entry of world.entries.slice(0, size)) at.append(entry)
  const digests = world.founders.slice(0, signing).map(owner => {
    world.state_('state-digest', { size, digest }, owner, 'validator')
    return fromUtf8(world.entries.at(-1)!)
  })
  const wanted = [
    ['members', 'bo'],
    ['hosts', world.state.host!.origin],
  ] as const
  return { world, evidence: proveRecords(at, wanted, digests, suite) }
}

test('records are proven against a digest that a quorum of known validators signed', () => {
  const { world, evidence } = sealed()
  const again = parseEvidence(JSON.parse(JSON.stringify(formatEvidence(evidence))))
  const proven = checkEvidence(again, world.state, suite)!
  assert.equal(proven.get('members/bo')!.name, 'bo Ltd')
  assert.equal(proven.size, 2)
})

test('too few signatures, or another network, show nothing and accuse nobody', () => {
  const { world, evidence } = sealed(2)
  assert.equal(checkEvidence(evidence, world.state, suite), undefined)
  const other = new RegistryWorld(['eve'])
  assert.equal(checkEvidence(sealed().evidence, other.state, suite), undefined)
})

test('no altered field passes', () => {
  const { world, evidence } = sealed()
  const text = JSON.stringify(formatEvidence(evidence))
  let tried = 0
  for (let at = 0; at < text.length; at += 7) {
    const letter = text[at]!
    if (!/[a-z0-9]/i.test(letter)) continue
    const changed = `${text.slice(0, at)}${letter === '1' ? '2' : '1'}${text.slice(at + 1)}`
    tried++
    try {
      const proven = checkEvidence(parseEvidence(JSON.parse(changed)), world.state, suite)
      // What is not covered by a signature or a hash is the hint in a keyid; then that signature does not count.
      assert.equal(proven, undefined, changed.slice(Math.max(0, at - 40), at + 20))
    } catch (error) {
      assert.notEqual((error as Error).name, 'AssertionError', String(error))
    }
  }
  assert.ok(tried > 200)
})
