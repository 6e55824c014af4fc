/** Five owners in five processes, each with keys and a data folder of its own, told apart by nothing else than these. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../../test/members.ts'
import { makeFolder } from '../../test/network.ts'
import { ChildMember } from '../drill/child-member.ts'
import { foundTogether } from '../drill/owner.ts'
import { digestOf, modelBody } from '../drill/shared-network.ts'

const TERMS = {
  tickSeconds: 1,
  epochSeconds: 5,
  maximumGapSeconds: 10,
  // Long enough for five processes on a busy machine, each of which only seems silent.
  handInSeconds: 6,
  waitingSeconds: 0,
  digestEvery: 16,
}
/** For each step alone. */
const STEP_MS = 60_000

const folder = makeFolder()
const [ada, bo, cy, dee, eve] = ['ada', 'bo', 'cy', 'dee', 'eve'].map(
  id => new ChildMember(`${id}.example`, join(folder.path, id)),
) as [ChildMember, ChildMember, ChildMember, ChildMember, ChildMember]
const founders = [ada, bo, cy, dee]
const all = [...founders, eve]
const processes = [...all]
let network = ''

before(async () => {
  network = await foundTogether(founders, TERMS)
})
after(async () => {
  await Promise.all(processes.map(one => one.kill()))
  folder.remove()
})

const alive = () => all.filter(one => one.alive)
const step = (holds: () => Promise<boolean>, what: string) =>
  until(() => holds().catch(() => false), what, STEP_MS)
const everyone = async (members: readonly ChildMember[], holds: (one: ChildMember) => Promise<boolean>) =>
  (await Promise.all(members.map(holds))).every(held => held)

/** The member that the others take for the host. */
async function hostNow(): Promise<ChildMember> {
  const hosts = new Set(await Promise.all(alive().map(async one => (await one.summary()).host?.member)))
  assert.equal(hosts.size, 1, `one host, and not ${[...hosts].join(', ')}`)
  return all.find(({ id }) => hosts.has(id))!
}

/** Takes a statement to the host. Resolves with its digest once the host acknowledged it. */
async function states(author: ChildMember, kind: string, body: Parameters<ChildMember['statement']>[2]) {
  const entry = await author.statement(network, kind, body)
  const host = await hostNow()
  const { digest } = await host.client.submit(entry)
  return digest
}

const effective = (digest: string) => async (one: ChildMember) =>
  (await one.outcome(digest))?.effective === true
/** Whether a quorum has seen a statement, as far as a member knows. */
const official = (digest: string) => async (one: ChildMember) => {
  const outcome = await one.outcome(digest)
  return outcome?.effective === true && outcome.index < (await one.summary()).official
}

const TIMES = { timeout: 3 * STEP_MS }

test('one joins late, and catches up', TIMES, async () => {
  for (let i = 0; i < 40; i++) await states(ada, 'member', { hosting: `provider ${i}` })
  const application = await eve.apply(network, ada)
  const { digest } = await ada.client.submit(application)
  for (const one of [ada, bo, cy]) await states(one, 'approval', { of: digest })
  await step(
    async () => (await eve.records<{ status: string }>('members'))[eve.id]?.status === 'active',
    'eve knows that it was admitted',
  )
  await step(async () => {
    const summaries = await Promise.all(all.map(one => one.summary()))
    const due = new Set(summaries.map(one => JSON.stringify(one.due)))
    return due.size === 1 && summaries.every(one => one.official > 50)
  }, 'five processes come to one state digest')
  await step(
    async () => (await (await hostNow()).client.checkpoint()).includes(`— ${eve.id}/witness-1 `),
    'eve’s witness cosigns',
  )
})

test('one is killed, and returns', TIMES, async () => {
  await bo.kill()
  const digests: string[] = []
  for (let i = 0; i < 20; i++) digests.push(await states(dee, 'model', modelBody(`without-bo-${i}`)))
  await step(() => everyone(alive(), official(digests.at(-1)!)), 'four of five go on under a quorum')
  await bo.start()
  await step(() => everyone([bo], official(digests.at(-1)!)), 'bo has what it missed')
  await step(
    async () => (await (await hostNow()).client.checkpoint()).includes(`— ${bo.id}/witness-1 `),
    'bo’s witness cosigns again',
  )
})

test('a statement that the host leaves out gets in by its deadline', TIMES, async () => {
  const host = await hostNow()
  const author = host === dee ? cy : dee
  const validator = host === bo ? cy : bo
  await host.order({ leaveOut: 'model' })
  const entry = await author.statement(network, 'model', modelBody('unwanted'))
  await assert.rejects(host.client.submit(entry), { code: 'too-many-requests' })
  await validator.client.post('/validator/hand-ins', Buffer.from(entry).toString())
  await step(() => everyone(all, official(digestOf(entry))), 'the statement is in, under a quorum')
  assert.notEqual(await hostNow(), host)
  await host.order({ leaveOut: null })
})

test('the host is killed and moved, and no statement that it acknowledged is lost', TIMES, async () => {
  const host = await hostNow()
  const others = all.filter(one => one !== host)
  const author = others[0]!
  const seen: string[] = []
  for (let i = 0; i < 5; i++) seen.push(await states(author, 'model', modelBody(`seen-${i}`)))
  await step(() => everyone(others, official(seen.at(-1)!)), 'a quorum has seen the first ones')
  // By nobody who would keep them: what the host has of these when it dies, only its folder has.
  const last: string[] = []
  const entries: Uint8Array[] = []
  for (let i = 0; i < 5; i++) entries.push(await author.statement(network, 'model', modelBody(`last-${i}`)))
  for (const entry of entries) last.push((await host.client.submit(entry)).digest)
  await host.kill()
  await step(
    () => everyone(others, async one => (await one.summary()).host?.member !== host.id),
    'the host is moved',
  )
  const moved = await hostNow()
  await step(
    () =>
      everyone(others, async one => {
        const { official: size, host: now } = await one.summary()
        return now!.member === moved.id && size > now!.from
      }),
    'the new host goes on under a quorum',
  )
  assert.ok(
    await everyone(others, async one => (await Promise.all(seen.map(d => official(d)(one)))).every(x => x)),
  )
  await host.start()
  await step(
    () => everyone([host], async one => (await one.summary()).host?.member === moved.id),
    'the old host follows',
  )
  for (const digest of [...seen, ...last])
    await step(() => everyone(all, effective(digest)), `statement ${digest.slice(0, 8)} is with everyone`)
})

test('a forked history is noticed by every other member, and the host moved', TIMES, async () => {
  const host = await hostNow()
  const others = all.filter(one => one !== host)
  const { size } = await host.summary()
  await host.kill()
  const twin = new ChildMember(host.id, join(folder.path, 'twin'))
  processes.push(twin)
  cpSync(host.folder, twin.folder, { recursive: true })
  // A copy goes its own way, and asks nobody: an honest one would halt at the first that it hears. It is shown to one.
  await twin.start(true)
  await step(async () => (await twin.summary()).size > size, 'the copy goes its own way')
  await others[0]!.order({ lines: { from: host.url, to: twin.url } })
  await host.start()
  await step(
    () => everyone(others, async one => (await one.validator()).forks.length > 0),
    'every other member has the proof of the fork',
  )
  await step(
    () => everyone(others, async one => (await one.summary()).host?.member !== host.id),
    'the host that signed two histories is moved',
  )
  await step(async () => {
    const due = new Set(await Promise.all(others.map(async one => JSON.stringify((await one.summary()).due))))
    return due.size === 1
  }, 'the others have one history')
})
