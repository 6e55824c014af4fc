import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestMember, until } from '../../test/members.ts'

test('a second owner joins, and from then on a quorum is both', async t => {
  const ada = new TestMember(t, 'ada.example')
  const bo = new TestMember(t, 'bo.example')
  await ada.found()
  const application = await bo.join(ada)
  await ada.approve(application)
  await until(() => bo.state.members.get('bo.example')?.status === 'active', 'bo is admitted')
  await until(() => ada.state.logs.size === 2, 'both inference logs are registered')
  await until(
    () => ada.network!.registry.mirror.official!.size > 10 && bo.network!.registry.mirror.official!.size > 10,
    'official on both',
  )
  assert.equal(ada.network!.policy.quorum, 'owners')
  assert.equal(ada.network!.policy.groups.at(-1)!.threshold, 2)
  await until(() => ada.state.epoch > 3, 'epochs pass')
  await until(() => [...ada.state.epochs.values()].some(({ predictable }) => !predictable), 'a seed of both')
  await until(
    () => [...ada.state.logs.values()].every(({ anchor }) => anchor === null || anchor.size >= 0),
    'anchors',
  )
})
