import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { Registry } from './index.ts'

test('a network is founded, someone joins, states a model and a node, and time passes', () => {
  const world = new RegistryWorld(['ada', 'bo', 'cy'], { waitingSeconds: 100, digestEvery: 16 })
  const [ada, bo, cy] = world.founders as [Owner, Owner, Owner]
  const dee = new Owner('dee', ['operator', 'publisher'])
  world.tick()
  const applied = world.append(
    world.entry('application', { member: dee.fields, keys: dee.keys }, ada, ...dee.all, ada.signer('member')),
  )
  for (const owner of [ada, bo]) world.state_('approval', { of: applied.digest! }, owner)
  assert.equal(world.state.members.get('dee')!.status, 'applying')
  world.tick()
  world.tick()
  assert.equal(world.state.members.get('dee')!.status, 'active')
  const log = dee.note('log')
  const digest = 'a'.repeat(64)
  world.state_(
    'model',
    {
      name: 'credit',
      version: '1',
      manifest: digest,
      licence: 'MIT',
      intendedUse: '',
      limits: '',
      format: 'onnx',
    },
    dee,
  )
  world.append(
    world.entry(
      'node',
      {
        name: 'one',
        url: 'https://dee.example',
        descriptor: digest,
        log: dee.key('log').key,
        models: [digest],
      },
      dee,
      dee.signer('member'),
      dee.signer('log'),
    ),
  )
  world.state_('anchor', { log: log.key.name, size: 3, root: digest }, dee)
  assert.deepEqual(
    world.outcomes.filter(({ effective }) => !effective),
    [],
  )
  assert.equal(world.state.logs.get(log.key.name)!.anchor!.size, 3)

  const { size, digest: stated } = world.registry.due!
  world.state_('state-digest', { size, digest: stated }, cy, 'validator')
  assert.equal(world.state_('state-digest', { size, digest }, bo, 'validator').rule, 'wrong-digest')
  assert.equal(world.state_('state-digest', { size, digest }, cy, 'validator').rule, 'two-digests')

  const again = new Registry(suite)
  for (const entry of world.entries) again.append(entry)
  assert.equal(again.digest(), world.registry.digest())
})
