/** Audits from end to end: drawn, opened, run again, stated, disputed, judged, and what a reader then sees. */
import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Finding } from '@answerable/core/registry'
import { withoutCanonical } from '../../test/canonical.ts'
import { TestMember, until } from '../../test/members.ts'
import { temporaryFolder } from '../../test/network.ts'
import { swapped } from '../drill/lies.ts'
import type { MemberOptions } from '../drill/member.ts'
import { foundTogether } from '../drill/owner.ts'
import { FIRST_LOG } from '../drill/settings.ts'
import { buildDemoModels, CREDIT_FEATURES } from '../models/index.ts'

const TERMS = {
  tickSeconds: 1,
  epochSeconds: 3,
  maximumGapSeconds: 10,
  handInSeconds: 60,
  waitingSeconds: 0,
  challengeSeconds: 30,
  digestEvery: 16,
  audit: { samples: { default: 1, uses: {} }, moveSeconds: 20 },
}
const STEP_MS = 60_000

interface Scene {
  members: Record<'ada' | 'bo' | 'cy' | 'dee' | 'audrey', TestMember>
  reports: string[]
}

/** Four validators, of which bo operates a model, and an auditor; all have the models' files. */
async function scene(t: TestContext, options: Record<string, MemberOptions> = {}): Promise<Scene> {
  const files = (await buildDemoModels(temporaryFolder(t))).map(({ file }) => file)
  const reports: string[] = []
  const one = (id: string, roles: MemberOptions['roles']) =>
    new TestMember(t, id, {
      ...(roles && { roles }),
      set: { audits: { models: files } },
      report: (event, error) =>
        reports.push(`${id}: ${event} ${error instanceof Error ? error.message : ''}`),
      ...options[id],
    })
  const members = {
    ada: one('ada', undefined),
    bo: one('bo', undefined),
    cy: one('cy', undefined),
    dee: one('dee', undefined),
    audrey: one('audrey', ['auditor']),
  }
  await foundTogether(Object.values(members), TERMS)
  await until(() => members.ada.state.logs.has(logOf(members.bo)), 'bo’s log is registered', STEP_MS)
  return { members, reports }
}

const logOf = ({ network }: TestMember) => network!.gateway.options.signer.key.name

/** A call of the first model of the demo, with the form's own values. */
async function decide({ url, network }: TestMember): Promise<void> {
  const inputs = CREDIT_FEATURES.map(({ name, default: value }) => ({
    name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [value],
  }))
  const [model] = network!.models
  const response = await fetch(`${url}/v2/models/${model!.name}/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  })
  assert.equal(response.status, 200, await response.text())
}

const findings = ({ state }: TestMember): Finding[] => [...state.findings.values()]

test('what an honest operator answered is drawn, run again and found to be the same', {
  timeout: 180_000,
}, async t => {
  const { members, reports } = await scene(t, { bo: { demo: true } })
  const { ada, bo, audrey } = members
  for (let i = 0; i < 3; i++) await decide(bo)
  await until(() => findings(ada).length >= 3, `three findings (${reports.slice(-5).join('; ')})`, STEP_MS)
  assert.deepEqual(
    [...new Set(findings(ada).map(({ outcome, auditor }) => `${outcome} ${auditor}`))],
    ['exact audrey'],
  )
  assert.equal(ada.state.disputes.size, 0)
  assert.equal(audrey.network!.auditing.auditor.queue.counts().due, 0)
})

test('a swapped model is caught, disputed, and decided against its operator', {
  timeout: 240_000,
  skip: withoutCanonical(),
}, async t => {
  // One who judges has no models, and says nothing: the others are a majority.
  const { members, reports } = await scene(t, { bo: { demo: true, serve: swapped }, cy: { set: {} } })
  const { ada, bo } = members
  await decide(bo)
  await until(
    () => findings(ada).some(({ outcome }) => outcome === 'inconsistent'),
    'an inconsistent finding',
    STEP_MS,
  )
  const dispute = () => [...ada.state.disputes.values()][0]
  await until(() => dispute() !== undefined, `a dispute (${reports.slice(-5).join('; ')})`, STEP_MS)
  await until(
    () => dispute()!.status === 'decided',
    `a decision (${JSON.stringify(dispute())} ${reports.slice(-8).join('; ')})`,
    STEP_MS,
  )
  assert.equal(dispute()!.wrong, 'defender', reports.join('\n'))
  assert.equal(ada.state.logs.get(logOf(bo))!.lost?.dispute, dispute()!.digest)
})

test('a record of a log that ended is opened, disputed and answered for from where it is kept', {
  timeout: 240_000,
  skip: withoutCanonical(),
}, async t => {
  const { members, reports } = await scene(t, { bo: { demo: true, serve: swapped } })
  const { ada, bo, audrey } = members
  const first = logOf(bo)
  await audrey.stop()
  await decide(bo)
  const anchored = () => ada.state.logs.get(first)!.anchor?.size ?? 0
  await until(() => anchored() > 0, 'the record is anchored', STEP_MS)
  const size = anchored()
  // What comes after the copy is seen by witnesses, and anchored by nobody.
  bo.reach = url => (url.endsWith('/registry/statements') ? undefined : url)
  await bo.stop()
  const copy = join(temporaryFolder(t), 'copy')
  cpSync(join(bo.folder, FIRST_LOG), copy, { recursive: true })
  await bo.start()
  await decide(bo)
  const witnessed = () => bo.network!.gateway.publisher.witnessed?.size ?? 0
  await until(() => witnessed() > size, 'witnesses have seen more', STEP_MS)
  await bo.stop()
  rmSync(join(bo.folder, FIRST_LOG), { recursive: true })
  cpSync(copy, join(bo.folder, FIRST_LOG), { recursive: true })
  bo.reach = url => url
  await bo.start()
  assert.notEqual(logOf(bo), first, reports.join('\n'))
  await audrey.start()
  const dispute = () => [...ada.state.disputes.values()].find(({ log }) => log === first)
  await until(
    () => dispute()?.status === 'decided',
    `a decision (${reports.slice(-8).join('; ')})`,
    2 * STEP_MS,
  )
  assert.equal(dispute()!.wrong, 'defender')
  assert.notEqual(dispute()!.game!.end!.kind, 'silence')
  assert.equal(ada.state.logs.get(first)!.lost?.dispute, dispute()!.digest)
})
