/** A log that was rolled back or forked, and witnesses that say so, rightly or not. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { signerVkey } from '@answerable/core/note'
import { realDisk } from '../storage/index.ts'
import { WitnessClient } from './client.ts'
import {
  append,
  entries,
  judge,
  listen,
  network,
  newFolder,
  newSigner,
  newWitness,
  openLog,
  openPublisher,
  Tree,
  until,
} from './fixtures.test.ts'
import type { ForkEvidence } from './fork.ts'

/** A log that was witnessed at nine entries, and its witnesses. */
async function witnessedLog(prefix = 'statement') {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const nodes = network(3, signer)
  const clients = nodes.map(({ client }) => client)
  const log = await openLog(folder, signer)
  const publisher = await openPublisher(log, signer, clients, 3)
  await append(log, 9, prefix)
  await publisher.publishNow()
  assert.equal(publisher.witnessed!.size, 9)
  await publisher.stop()
  await log.close()
  return { signer, nodes, clients }
}

for (const [what, count, prefix, reason, code] of [
  ['rolled back', 4, 'statement', 'ahead', 'rolled-back'],
  ['forked at the same size', 9, 'another', 'forked', 'conflict'],
  ['forked and grown', 14, 'another', 'forked', 'conflict'],
] as const) {
  test(`a log that was ${what} is halted, on evidence by its own key`, async () => {
    const { signer, nodes, clients } = await witnessedLog()
    // One witness is enough, though no quorum can be had.
    nodes[0]!.link.down = true
    nodes[1]!.link.down = true
    const log = await openLog(await newFolder(), signer)
    const forks: ForkEvidence[] = []
    const publisher = await openPublisher(log, signer, clients, 2, { onFork: fork => forks.push(fork) })
    await append(log, count, prefix)
    await publisher.publishNow()
    assert.equal(forks.length, 1)
    assert.deepEqual([forks[0]!.reason, forks[0]!.source, forks[0]!.size], [reason, 'w2', 9])
    assert.equal(judge(forks[0]!.note, signer, clients, 1).quorum, true)
    assert.equal(publisher.fork, forks[0])
    assert.equal(log.halted?.code, code)
    assert.equal(log.writable, false)
    assert.equal(publisher.witnesses[2]!.lastError?.code, 'ahead')
    assert.equal(publisher.witnessed?.size, undefined)
    await publisher.publishNow()
    await publisher.stop()
    await log.close()
  })
}

test('a witness that lies about a larger tree cannot stop a log', async () => {
  const signer = newSigner('log.example/a')
  const forged = new Tree(newSigner('log.example/a'), entries(50)).note(50)
  const { url } = await listen((request, response) => {
    if (request.method === 'GET') response.end(forged)
    else response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('50\n')
  })
  const [good] = network(1, signer)
  const liar = new WitnessClient({ name: 'liar', vkey: signerVkey(newWitness('l', []).cosigner), url })
  const log = await openLog(await newFolder(), signer)
  const publisher = await openPublisher(log, signer, [good!.client, liar], 1, { onFork: () => assert.fail() })
  await append(log, 3)
  await publisher.publishNow()
  await until(() => publisher.witnesses[1]!.lastError !== undefined, 'the liar was heard')
  assert.equal(publisher.witnesses[1]!.lastError!.code, 'ahead')
  assert.equal(log.halted, undefined)
  await publisher.publishNow()
  assert.equal(publisher.witnessed!.size, 3)
  await publisher.stop()
  await log.close()
})

test('a kept checkpoint that the log does not continue halts it at once', async () => {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const path = join(folder, 'witnessed')
  const log = await openLog(folder, signer)
  await append(log, 2)
  await realDisk.replace(path, Buffer.from(new Tree(signer, entries(5)).note(5)))
  const publisher = await openPublisher(log, signer, [], 1, {
    policy: { logs: [], witnesses: [], groups: [], quorum: 'none' },
    keep: { disk: realDisk, path },
  })
  assert.deepEqual([publisher.fork?.reason, publisher.fork?.source], ['ahead', path])
  assert.equal(log.halted?.code, 'rolled-back')
  await realDisk.replace(path, Buffer.from('garbage'))
  await assert.rejects(openPublisher(log, signer, [], 1, { keep: { disk: realDisk, path } }), {
    code: 'corrupt',
  })
  await log.close()
})
