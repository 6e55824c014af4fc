import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { admitted, TestMember, until } from '../../test/members.ts'
import { temporaryFolder } from '../../test/network.ts'
import { openKeyring } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'

const hostOf = (member: TestMember) => member.state.host?.member

test('a statement that the host leaves out is handed in, and gets in by its deadline', {
  timeout: 120_000,
}, async t => {
  const [ada, bo, cy, dee] = await admitted(t, ['ada.example', 'bo.example', 'cy.example', 'dee.example'])
  const { submitter } = cy!.network!.registry
  // The host takes everything but what is of cy's model, and says that it is busy.
  const honest = ada!.network!.registry.host
  const submit = honest.submit.bind(honest)
  honest.submit = entry => {
    const { kind } = parseRegistryPayload(openEntry(entry).payload)
    return kind === 'model'
      ? Promise.reject(new AnswerableError('too-many-requests', 'come again'))
      : submit(entry)
  }
  const keyring = await openKeyring(realDisk, cy!.folder, 'cy.example', [], false)
  const model = {
    name: 'm',
    version: '1',
    manifest: 'ab'.repeat(32),
    licence: 'MIT',
    intendedUse: '',
    limits: '',
    format: 'onnx',
  }
  const entry = submitter.entry('model', model, [keyring.statements('member')])
  await assert.rejects(submitter.submit(entry), { code: 'too-many-requests' })
  const { digest } = await dee!.network!.registry.validator.handIn(entry)
  await until(
    () => bo!.network!.registry.book.find(digest)?.effective === true,
    'the model is in the registry',
    40_000,
  )
  assert.notEqual(hostOf(bo!), 'ada.example')
  const move = bo!.network!.registry.book.ofKind('host-move')[0]!
  const [bytes] = await bo!.network!.registry.book.entries(move.index, 1)
  assert.match(String(parseRegistryPayload(openEntry(bytes!).payload).body.reason), /^(censoring|silent)/)
})

test('a host that shows two histories is noticed by every other member, and moved', {
  timeout: 120_000,
}, async t => {
  const [ada, ...others] = await admitted(t, ['ada.example', 'bo.example', 'cy.example', 'dee.example'])
  const dee = others[2]!
  // The host's folder runs twice: dee is shown one, everybody else the other.
  const folder = join(temporaryFolder(t), 'twin')
  const { port } = new URL(ada!.url)
  await ada!.stop()
  cpSync(ada!.folder, folder, { recursive: true })
  const twin = new TestMember(t, 'ada.example', {}, folder)
  await twin.start()
  await ada!.start(Number(port))
  dee.reach = url => (url.startsWith(ada!.url) ? url.replace(ada!.url, twin.url) : url)
  await until(
    () =>
      others.every(one => (one.network!.registry.validator.status.forks as unknown[]) && forksOf(one) > 0),
    'every other member has the proof',
    60_000,
  )
  await until(() => others.every(one => hostOf(one) !== 'ada.example'), 'the host is moved', 60_000)
  await until(
    () => new Set(others.map(one => one.network!.registry.mirror.official!.origin)).size === 1,
    'one history',
  )
})

function forksOf(member: TestMember): number {
  return (member.network!.registry.validator.status.forks as unknown[]).length
}
