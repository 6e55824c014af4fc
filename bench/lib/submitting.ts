/** A host with three validators, a process each, takes statements at a steady rate. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addSignature, registryPayload, signEnvelope } from '@answerable/core/registry'
import { applicationEntry, type Membership, openKeys, saveMembership } from '@answerable/node/network'
import { openKeyring, RegistryClient } from '@answerable/node/registry'
import { realDisk } from '@answerable/node/storage'
import { Pool } from 'undici'
import { atLeast, atMost, forTheRecord, type Row } from './rows.ts'

const RATE = 500
const SECONDS = 30
/** Of the run, before memory is looked at: what is made once has been made by then. */
const WARM = 10
/**
 * What a statement may leave behind in memory: its digest, by which a second copy of it is known for some weeks, where
 * it lies in the log, and room for the noise of a process that is at work.
 */
const MOST_BYTES = 600

interface State {
  /** Bytes in use after a full collection. */
  used: number
  size: number
  official: number
}

interface Member {
  id: string
  folder: string
  url: string
  child: ChildProcess
}

export async function submitting(say: (line: string) => void): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-bench-'))
  const members: Member[] = []
  try {
    const host = await run(await found(folder))
    members.push(host)
    for (const id of ['bo.example', 'cy.example']) {
      say(`${id} joins`)
      members.push(await joins(folder, id, members))
    }
    const keyring = await openKeyring(realDisk, host.folder, host.id, [], false)
    const network = (await new RegistryClient({ url: host.url }).get('/registry/state')) as {
      network: string
    }
    say(`${RATE * SECONDS} statements are signed`)
    const bodies = Array.from({ length: RATE * SECONDS }, (_, i) =>
      signEnvelope(
        registryPayload({
          kind: 'member',
          network: network.network,
          by: host.id,
          time: Date.now() + i,
          // It says anew what was said before, so that the state grows with none of them.
          body: { name: `Ada, for the ${i}th time` },
        }),
        [keyring.statements('member')],
      ),
    )
    say(`${RATE} a second for ${SECONDS} s`)
    return await measure(members, bodies)
  } finally {
    for (const { child } of members) child.kill()
    await new Promise(resolve => setTimeout(resolve, 500))
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(members: readonly Member[], bodies: readonly Uint8Array[]): Promise<Row[]> {
  const [host] = members as [Member]
  const pool = new Pool(host.url, { connections: 64 })
  const latencies: number[] = []
  let refused = 0
  let before = 0
  const pending: Promise<void>[] = []
  const start = performance.now()
  for (let second = 0; second < SECONDS; second++) {
    if (second === WARM) before = (await ask(host)).used
    for (let i = 0; i < RATE; i++) {
      const due = start + second * 1000 + (i * 1000) / RATE
      const wait = due - performance.now()
      if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait))
      pending.push(
        pool
          .request({ method: 'POST', path: '/registry/statements', body: bodies[second * RATE + i]! })
          .then(async ({ statusCode, body }) => {
            await body.text()
            if (statusCode !== 200) refused++
            latencies.push(performance.now() - due)
          }),
      )
    }
  }
  await Promise.all(pending)
  const seconds = (performance.now() - start) / 1000
  const { size, used } = await ask(host)
  const caught = performance.now()
  while (!(await all(members, ({ official }) => official >= size))) {
    if (performance.now() - caught > 30_000) throw new Error('the validators do not catch up')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  await pool.close()
  latencies.sort((a, b) => a - b)
  const grown = (used - before) / 2 ** 20
  return [
    atLeast('statements taken, three validators', (bodies.length - refused) / seconds, '/s', RATE * 0.98),
    forTheRecord('until durable, p50', latencies[Math.floor(latencies.length / 2)]!, 'ms'),
    forTheRecord('until durable, p99', latencies[Math.floor(latencies.length * 0.99)]!, 'ms'),
    forTheRecord('until a quorum has seen the last', performance.now() - caught, 'ms'),
    atMost(
      `memory that the host has in use, more after ${(SECONDS - WARM) * RATE} of them`,
      grown,
      'MB',
      (MOST_BYTES * (SECONDS - WARM) * RATE) / 2 ** 20,
    ),
  ]
}

async function found(root: string): Promise<{ id: string; folder: string }> {
  const id = 'ada.example'
  const folder = join(root, id)
  await keysFor(folder, {
    ...membership(id),
    networkName: 'bench',
    terms: { waitingSeconds: 0, tickSeconds: 2, statementsPerEpoch: 1_000_000 },
  })
  return { id, folder }
}

async function joins(root: string, id: string, present: readonly Member[]): Promise<Member> {
  const [sponsor] = present as [Member]
  const folder = join(root, id)
  const client = new RegistryClient({ url: sponsor.url })
  const { network } = (await client.get('/registry/state')) as { network: string }
  const own: Membership = { ...membership(id), network, peers: [sponsor.url] }
  const keyring = await keysFor(folder, own)
  const member = await run({ id, folder })
  const time = Date.now()
  const entry = applicationEntry(own, keyring, { sponsor: sponsor.id, network, url: member.url, time })
  const theirs = await openKeyring(realDisk, sponsor.folder, sponsor.id, [], false)
  const { digest } = await client.submit(addSignature(entry, theirs.statements('member')))
  for (const one of present) {
    const voter = await openKeyring(realDisk, one.folder, one.id, [], false)
    const body = { of: digest }
    const payload = registryPayload({ kind: 'approval', network, by: one.id, time: Date.now(), body })
    await client.submit(signEnvelope(payload, [voter.statements('member')])).catch(() => undefined)
  }
  for (let i = 0; ; i++) {
    const { records } = (await client.get('/registry/state/logs')) as {
      records: Record<string, { member: string }>
    }
    if (Object.values(records).some(one => one.member === id)) return member
    if (i > 300) throw new Error(`${id} does not get in`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function membership(id: string): Membership {
  return {
    member: id,
    name: id,
    ownerGroup: id,
    roles: ['operator', 'publisher', 'validator'],
    jurisdiction: 'DE',
    hosting: 'own',
    witnesses: 1,
    peers: [],
  }
}

async function keysFor(folder: string, own: Membership) {
  const { witnesses, keyring } = await openKeys(realDisk, folder, own, { report: () => undefined })
  for (const witness of witnesses) witness.close()
  await saveMembership(realDisk, folder, own)
  return keyring
}

async function run({ id, folder }: { id: string; folder: string }): Promise<Member> {
  const child = fork(new URL('../parts/member.ts', import.meta.url), [folder], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', chunk => {
      text += chunk
      if (text.includes('\n')) resolve((JSON.parse(text) as { url: string }).url)
    })
    child.once('exit', code => reject(new Error(`${id} ended with ${code}`)))
  })
  return { id, folder, url, child }
}

function ask({ child }: Member): Promise<State> {
  return new Promise(resolve => {
    child.once('message', state => resolve(state as State))
    child.send('state')
  })
}

async function all(members: readonly Member[], holds: (state: State) => boolean): Promise<boolean> {
  for (const member of members) if (!holds(await ask(member))) return false
  return true
}
