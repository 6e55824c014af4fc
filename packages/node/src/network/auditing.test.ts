/** Audits from end to end: drawn, opened, run again, stated, disputed, judged, and what a reader then sees. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Finding } from '@answerable/core/registry'
import { TestMember, until } from '../../test/members.ts'
import { temporaryFolder } from '../../test/network.ts'
import type { MemberOptions } from '../drill/member.ts'
import { foundTogether } from '../drill/owner.ts'
import { ServedModel, type ServedModels } from '../gateway/kserve.ts'
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
}, async t => {
  const serve = (models: ServedModels): ServedModels => {
    const [first, second] = [...models.values()]
    // Says that it is the one, and runs the other.
    const false_ = Object.assign(Object.create(ServedModel.prototype), first, {
      model: second!.model,
    }) as ServedModel
    return new Map([...models, [first!.description.name, false_]])
  }
  const { members, reports } = await scene(t, { bo: { demo: true, serve } })
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
