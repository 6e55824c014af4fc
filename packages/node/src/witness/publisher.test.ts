/** A log's publication with witnesses that come, go, are slow, or know better. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { NoteSigner } from '@answerable/core/note'
import { signerVkey } from '@answerable/core/note'
import { evaluatePolicy } from '@answerable/core/tlog'
import type { Log } from '../log/log.ts'
import { realDisk } from '../storage/index.ts'
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
  quorumOf,
  serve,
  suite,
  Tree,
  until,
} from './fixtures.test.ts'
import type { ForkEvidence } from './fork.ts'
import { Publisher, type PublisherOptions } from './publisher.ts'

function network(count: number, signer: NoteSigner) {
  return Array.from({ length: count }, (_, i) => {
    const made = newWitness(`witness.example/${i}`, [signer])
    return { ...made, ...inProcess(`w${i}`, made.cosigner, made.app) }
  })
}

function open(
  log: Log,
  signer: NoteSigner,
  witnesses: readonly WitnessClient[],
  threshold: number,
  options: Partial<PublisherOptions> = {},
): Promise<Publisher> {
  return Publisher.open({
    log,
    key: signer.key,
    witnesses,
    policy: quorumOf(threshold, witnesses),
    intervalMs: 20,
    graceMs: 30,
    backoff: { firstMs: 20, mostMs: 80 },
    ...options,
  })
}

function quorum(note: string, signer: NoteSigner, witnesses: readonly WitnessClient[], threshold: number) {
  const policy = { ...quorumOf(threshold, witnesses), logs: [{ key: signer.key }] }
  const result = evaluatePolicy(policy, note, suite)
  assert.ok(result.outcome === 'ok')
  return result
}

test('a quorum of two of three with one dead, and the dead one catches up', async () => {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const log = await openLog(folder, signer)
  const nodes = network(3, signer)
  const clients = nodes.map(({ client }) => client)
  nodes[2]!.link.down = true
  const publisher = await open(log, signer, clients, 2)
  assert.equal(publisher.witnessed, undefined)
  assert.deepEqual(
    publisher.witnesses.map(({ up, lastSize }) => [up, lastSize]),
    [
      [false, undefined],
      [false, undefined],
      [false, undefined],
    ],
  )
  publisher.start()
  for (const count of [3, 1, 300]) {
    await append(log, count)
    const { size } = log.signed
    await until(() => publisher.witnessed?.size === size, `quorum at ${size}`)
  }
  const { witnessed } = publisher
  assert.equal(quorum(witnessed!.note, signer, clients, 2).witnesses.length, 2)
  await until(() => log.published.note === witnessed!.note, 'adopted')
  assert.equal(await readFile(join(folder, 'checkpoint'), 'utf8'), witnessed!.note)
  const [first, , third] = publisher.witnesses
  assert.deepEqual([first!.name, first!.up, first!.lastSize, first!.lastError], ['w0', true, 304, undefined])
  assert.deepEqual([third!.up, third!.lastSize, third!.lastError?.code], [false, undefined, 'unreachable'])

  nodes[2]!.link.down = false
  await until(() => publisher.witnesses[2]!.lastSize === 304, 'the third caught up')
  await until(() => publisher.witnessed!.note !== witnessed!.note, 'its cosignature adopted')
  assert.equal(quorum(publisher.witnessed!.note, signer, clients, 3).quorum, true)
  assert.equal(publisher.lastError, undefined)
  await publisher.stop()
  await log.close()
})

test('all dead, the log goes on; the last witnessed checkpoint stays, over a restart too', async () => {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const keep = { disk: realDisk, path: join(folder, 'witnessed') }
  let log = await openLog(folder, signer)
  const nodes = network(3, signer)
  const clients = nodes.map(({ client }) => client)
  let publisher = await open(log, signer, clients, 2, { keep })
  publisher.start()
  await append(log, 5)
  await until(() => publisher.witnessed?.size === 5, 'first quorum')

  for (const { link } of nodes) link.down = true
  await append(log, 4)
  await until(() => log.published.size === 9, 'published without witnesses')
  await until(() => publisher.witnesses.every(({ up }) => !up), 'all seen down')
  assert.equal(publisher.witnessed!.size, 5)
  await publisher.stop()
  await log.close()

  log = await openLog(folder, signer)
  assert.equal(log.published.size, 9)
  publisher = await open(log, signer, clients, 2, { keep })
  assert.equal(publisher.witnessed!.size, 5)
  assert.equal(quorum(publisher.witnessed!.note, signer, clients, 2).quorum, true)
  publisher.start()
  await append(log, 2)
  await until(() => publisher.witnesses.every(({ lastError }) => lastError?.code === 'unreachable'), 'asked')
  assert.equal(publisher.witnessed!.size, 5)
  for (const { link } of nodes) link.down = false
  await until(() => publisher.witnessed!.size === 11, 'caught up')
  await publisher.stop()
  await log.close()

  log = await openLog(folder, signer)
  publisher = await open(log, signer, clients, 2)
  assert.equal(publisher.witnessed!.size, 11, 'the published checkpoint is the witnessed one')
  assert.ok(publisher.witnesses.filter(({ lastSize }) => lastSize === 11).length >= 2)
  await log.close()
})

test('a slow witness delays the others’ quorum by no more than the grace', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const nodes = network(3, signer)
  nodes[1]!.link.delayMs = 600
  const publisher = await open(
    log,
    signer,
    nodes.map(({ client }) => client),
    2,
  )
  const took: number[] = []
  for (let i = 0; i < 3; i++) {
    await append(log, 1)
    const start = performance.now()
    await publisher.publishNow()
    took.push(performance.now() - start)
    assert.equal(publisher.witnessed!.size, i + 1)
  }
  assert.ok(Math.max(...took) < 300, `${took}`)
  assert.equal(nodes[1]!.link.calls, 1, 'asked one thing at a time')
  await publisher.stop()
  await log.close()
})

test('a slow witness that the quorum needs is waited for', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const nodes = network(2, signer)
  nodes[1]!.link.delayMs = 100
  const clients = nodes.map(({ client }) => client)
  const publisher = await open(log, signer, clients, 2)
  await append(log, 1)
  await publisher.publishNow()
  assert.equal(publisher.witnessed!.size, 1)
  await publisher.stop()
  await log.close()
})

test('stopping resolves soon while a witness hangs, and nothing is under way after it', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const { url } = await listen(() => undefined)
  const { cosigner } = newWitness('witness.example/w', [signer])
  const client = new WitnessClient({ name: 'w', vkey: signerVkey(cosigner), url })
  const publisher = await open(log, signer, [client], 1)
  publisher.start()
  await append(log, 1)
  await until(() => log.published.size === 1, 'published')
  const start = performance.now()
  await publisher.stop()
  assert.ok(performance.now() - start < 500)
  await append(log, 1)
  await publisher.publishNow()
  assert.equal(log.published.size, 1)
  await log.close()
})

test('over sockets, with records all the while', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const clients: WitnessClient[] = []
  for (const { app, cosigner } of network(3, signer))
    clients.push(
      new WitnessClient({ name: cosigner.key.name, vkey: signerVkey(cosigner), url: await serve(app) }),
    )
  const seen: number[] = []
  const publisher = await open(log, signer, clients, 3, { onWitnessed: ({ size }) => seen.push(size) })
  publisher.start()
  for (let i = 0; i < 30; i++) {
    await append(log, 10)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  await until(() => publisher.witnessed?.size === 300, 'the last')
  assert.ok(seen.length > 2)
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  )
  await publisher.stop()
  await log.close()
})

test('without witnesses a log is published, and nothing is witnessed', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const policy = { logs: [], witnesses: [], groups: [], quorum: 'none' }
  const publisher = await open(log, signer, [], 1, { policy })
  await append(log, 2)
  await publisher.publishNow()
  assert.equal(log.published.size, 2)
  assert.equal(publisher.witnessed, undefined)
  await log.close()
})

test('a disk that cannot be written is told, and the next round tries again', async () => {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const log = await openLog(folder, signer)
  const nodes = network(1, signer)
  let broken = true
  const disk = {
    ...realDisk,
    async replace(path: string, bytes: Uint8Array) {
      if (broken) throw new Error('no room')
      await realDisk.replace(path, bytes)
    },
  }
  const clients = nodes.map(({ client }) => client)
  const publisher = await open(log, signer, clients, 1, { keep: { disk, path: join(folder, 'witnessed') } })
  await append(log, 2)
  await publisher.publishNow()
  assert.match(String(publisher.lastError), /no room/)
  assert.equal(publisher.witnessed, undefined)
  broken = false
  await publisher.publishNow()
  assert.equal(publisher.lastError, undefined)
  assert.equal(publisher.witnessed!.size, 2)
  await log.close()
})

/** A log that was witnessed at nine entries, and its witnesses. */
async function witnessedLog(prefix = 'statement') {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const nodes = network(3, signer)
  const clients = nodes.map(({ client }) => client)
  const log = await openLog(folder, signer)
  const publisher = await open(log, signer, clients, 3)
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
    const publisher = await open(log, signer, clients, 2, { onFork: fork => forks.push(fork) })
    await append(log, count, prefix)
    await publisher.publishNow()
    assert.equal(forks.length, 1)
    assert.deepEqual([forks[0]!.reason, forks[0]!.source, forks[0]!.size], [reason, 'w2', 9])
    assert.equal(quorum(forks[0]!.note, signer, clients, 1).quorum, true)
    assert.equal(publisher.fork, forks[0])
    assert.equal(log.halted?.code, code)
    assert.equal(log.writable, false)
    assert.equal(publisher.witnesses[2]!.lastError?.code, 'ahead')
    assert.equal(publisher.witnessed, undefined)
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
  const publisher = await open(log, signer, [good!.client, liar], 1, { onFork: () => assert.fail() })
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
  const publisher = await open(log, signer, [], 1, {
    policy: { logs: [], witnesses: [], groups: [], quorum: 'none' },
    keep: { disk: realDisk, path },
  })
  assert.deepEqual([publisher.fork?.reason, publisher.fork?.source], ['ahead', path])
  assert.equal(log.halted?.code, 'rolled-back')
  await realDisk.replace(path, Buffer.from('garbage'))
  await assert.rejects(open(log, signer, [], 1, { keep: { disk: realDisk, path } }), { code: 'corrupt' })
  await log.close()
})

test('two witnesses of one name are refused', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const [one] = network(1, signer)
  await assert.rejects(open(log, signer, [one!.client, one!.client], 1), { code: 'bad-config' })
  await log.close()
})
