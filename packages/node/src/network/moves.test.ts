import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admitted, type TestMember, until } from '../../test/members.ts'

/** Overtaken by the next of its kind. */
const ROUTINE = ['tick', 'state-digest', 'reveal', 'anchor']

const IDS = ['ada.example', 'bo.example', 'cy.example', 'dee.example']

const hostOf = (member: TestMember) => member.state.host?.member

test('a host that is gone is moved, nothing is lost, and it follows when it is back', {
  timeout: 120_000,
}, async t => {
  const [ada, ...others] = (await admitted(t, IDS)) as [TestMember, ...TestMember[]]
  const [bo, cy] = others as [TestMember, TestMember]
  await until(
    () =>
      others.every(one => one.network!.registry.mirror.official!.size >= ada.network!.registry.book.size - 8),
    'caught up',
  )
  const before = ada.network!.registry.book.size
  const { book } = ada.network!.registry
  const digests = Array.from({ length: before }, (_, i) => book.outcome(i)!)
    .filter(({ effective, kind }) => effective && !ROUTINE.includes(kind!))
    .map(({ digest }) => digest!)
  const port = Number(new URL(ada.url).port)
  await ada.stop()
  await until(() => others.every(one => hostOf(one) !== 'ada.example'), 'the host is moved', 40_000)
  assert.equal(new Set(others.map(hostOf)).size, 1)
  const size = cy.state.hosts.size
  assert.equal(size, 2)
  await until(
    () => others.every(one => one.network!.registry.mirror.official!.size > before),
    'official again',
    30_000,
  )
  await ada.start(port)
  await until(() => hostOf(ada) === hostOf(bo), 'ada follows', 30_000)
  const back = ada.network!.registry.book
  await until(
    () => back.size >= before && ada.network!.registry.mirror.official!.size > before,
    'ada catches up',
  )
  // Also what the dead host alone had: it brings that along, as far as no rule has overtaken it.
  await until(
    () => digests.every(digest => bo.network!.registry.book.find(digest)?.effective),
    'every statement is in the new log',
  )
})
