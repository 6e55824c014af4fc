/** What the witnesses say of a log before it takes its first record. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NoteSigner } from '@answerable/core/note'
import { signerVkey } from '@answerable/core/note'
import { WitnessClient } from './client.ts'
import {
  append,
  entries,
  inProcess,
  listen,
  newFolder,
  newSigner,
  newWitness,
  openLog,
  Tree,
} from './fixtures.test.ts'
import { checkStart } from './start-check.ts'

const signer = newSigner('log.example/a')

async function logOf(count: number, prefix?: string, by: NoteSigner = signer) {
  const log = await openLog(await newFolder(), by)
  await append(log, count, prefix)
  return log
}

/** Witnesses, the first of which cosigned nine entries of a log that is gone. */
async function witnesses() {
  const nodes = [0, 1].map(i => {
    const made = newWitness(`witness.example/${i}`, [signer])
    return { ...made, ...inProcess(`w${i}`, made.cosigner, made.app) }
  })
  const log = await logOf(9)
  const result = await nodes[0]!.client.submit(log.signed.note, { size: () => 9, proof: async () => [] })
  assert.equal(result.outcome, 'cosigned')
  await log.close()
  return nodes
}

const cases: [what: string, count: number, prefix: string, reason: string | undefined][] = [
  ['the same log', 9, 'statement', undefined],
  ['the same log, grown since', 12, 'statement', undefined],
  ['a log rolled back', 8, 'statement', 'ahead'],
  ['an empty log', 0, 'statement', 'ahead'],
  ['another tree of that size', 9, 'another', 'forked'],
  ['another tree, larger', 30, 'another', 'forked'],
]
for (const [what, count, prefix, reason] of cases) {
  test(`${what}: ${reason ?? 'ok'}`, async () => {
    const nodes = await witnesses()
    const clients = nodes.map(({ client }) => client)
    const log = await logOf(count, prefix)
    const check = await checkStart(log, clients, { key: signer.key })
    assert.deepEqual(check.answered, ['w0', 'w1'])
    if (reason === undefined) {
      assert.equal(check.outcome, 'ok')
    } else {
      assert.ok(check.outcome === 'rolled-back')
      assert.deepEqual([check.fork.reason, check.fork.source, check.fork.size], [reason, 'w0', 9])
      assert.match(check.fork.note, /^log\.example\/a\n9\n/)
    }
    assert.equal(log.halted, undefined, 'what follows is the caller’s to decide')
    await log.close()
  })
}

test('witnesses that are down, slow or lying: unreachable, in bounded time', async () => {
  const nodes = await witnesses()
  const clients = nodes.map(({ client }) => client)
  for (const { link } of nodes) link.down = true
  const stolen = new Tree(newSigner('log.example/a'), entries(50)).note(50)
  const liar = await listen((_request, response) => void response.end(stolen))
  const slow = await listen(() => undefined)
  const vkey = signerVkey(nodes[0]!.cosigner)
  for (const [name, { url }] of Object.entries({ liar, slow }))
    clients.push(new WitnessClient({ name, vkey, url }))
  const log = await logOf(3)
  const start = performance.now()
  const check = await checkStart(log, clients, { key: signer.key, timeoutMs: 200 })
  assert.ok(performance.now() - start < 1000)
  assert.equal(check.outcome, 'unreachable')
  assert.deepEqual(
    check.unanswered.map(({ name, code }) => [name, code]),
    [
      ['w0', 'unreachable'],
      ['w1', 'unreachable'],
      ['liar', 'not-ours'],
      ['slow', 'aborted'],
    ],
  )
  nodes[0]!.link.down = false
  assert.equal((await checkStart(log, clients, { key: signer.key, timeoutMs: 200 })).outcome, 'rolled-back')
  await log.close()
})

test('a log of another name or key, or with no witnesses, has nothing against it', async () => {
  const clients = (await witnesses()).map(({ client }) => client)
  const successor = newSigner('log.example/b')
  const log = await logOf(1, 'statement', successor)
  assert.equal((await checkStart(log, clients, { key: successor.key })).outcome, 'ok')
  assert.deepEqual(await checkStart(log, [], { key: successor.key }), {
    outcome: 'ok',
    answered: [],
    unanswered: [],
  })
  await log.close()
})
