/** A log's publication with witnesses that come, go or are slow. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { signerVkey } from '@answerable/core/note'
import { realDisk } from '../storage/index.ts'
import { WitnessClient } from './client.ts'
import {
  append,
  inProcess,
  judge,
  listen,
  network,
  newFolder,
  newSigner,
  newWitness,
  openLog,
  openPublisher,
  serve,
  until,
} from './fixtures.test.ts'
import type { Publisher } from './publisher.ts'

function sizeOf(publisher: Publisher): number | undefined {
  return publisher.witnessed?.size
}

test('a quorum of two of three with one dead, and the dead one catches up', async () => {
  const signer = newSigner('log.example/a')
  const folder = await newFolder()
  const log = await openLog(folder, signer)
  const nodes = network(3, signer)
  const clients = nodes.map(({ client }) => client)
  nodes[2]!.link.down = true
  const publisher = await openPublisher(log, signer, clients, 2)
  assert.equal(sizeOf(publisher), undefined)
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
  assert.equal(judge(witnessed!.note, signer, clients, 2).witnesses.length, 2)
  await until(() => log.published.note === witnessed!.note, 'adopted')
  assert.equal(await readFile(join(folder, 'checkpoint'), 'utf8'), witnessed!.note)
  const [first, , third] = publisher.witnesses
  assert.deepEqual([first!.name, first!.up, first!.lastSize, first!.lastError], ['w0', true, 304, undefined])
  assert.deepEqual([third!.up, third!.lastSize, third!.lastError?.code], [false, undefined, 'unreachable'])

  nodes[2]!.link.down = false
  await until(() => publisher.witnesses[2]!.lastSize === 304, 'the third caught up')
  await until(() => publisher.witnessed!.note !== witnessed!.note, 'its cosignature adopted')
  assert.equal(judge(publisher.witnessed!.note, signer, clients, 3).quorum, true)
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
  let publisher = await openPublisher(log, signer, clients, 2, { keep })
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
  publisher = await openPublisher(log, signer, clients, 2, { keep })
  assert.equal(publisher.witnessed!.size, 5)
  assert.equal(judge(publisher.witnessed!.note, signer, clients, 2).quorum, true)
  publisher.start()
  await append(log, 2)
  await until(() => publisher.witnesses.every(({ lastError }) => lastError?.code === 'unreachable'), 'asked')
  assert.equal(publisher.witnessed!.size, 5)
  for (const { link } of nodes) link.down = false
  await until(() => publisher.witnessed!.size === 11, 'caught up')
  await publisher.stop()
  await log.close()

  log = await openLog(folder, signer)
  publisher = await openPublisher(log, signer, clients, 2)
  assert.equal(publisher.witnessed!.size, 11, 'the published checkpoint is the witnessed one')
  assert.ok(publisher.witnesses.filter(({ lastSize }) => lastSize === 11).length >= 2)
  await log.close()
})

test('a slow witness delays the others’ quorum by no more than the grace', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const nodes = network(3, signer)
  nodes[1]!.link.delayMs = 600
  const publisher = await openPublisher(
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
  const publisher = await openPublisher(log, signer, clients, 2)
  await append(log, 1)
  await publisher.publishNow()
  assert.equal(publisher.witnessed!.size, 1)
  await publisher.stop()
  await log.close()
})

test('a witness that somebody sent a newer checkpoint is asked again soon', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const [node] = network(1, signer)
  const { client, link, app } = node!
  const publisher = await openPublisher(log, signer, [client], 1, { intervalMs: 60_000 })
  await append(log, 1)
  link.delayMs = 100
  publisher.start()
  await until(() => link.calls === 1, 'the publisher asks')
  await append(log, 1)
  const stranger = inProcess('stranger', node!.cosigner, app).client
  const source = { size: () => 2, proof: log.consistencyProof.bind(log) }
  assert.equal((await stranger.submit(log.signed.note, source)).outcome, 'cosigned')
  await until(() => publisher.witnesses[0]!.lastError?.code === 'stale', 'overtaken')
  await until(() => sizeOf(publisher) === 2, 'asked again')
  assert.equal(log.halted, undefined)
  await publisher.stop()
  await log.close()
})

test('stopping resolves soon while a witness hangs, and nothing is under way after it', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const { url } = await listen(() => undefined)
  const { cosigner } = newWitness('witness.example/w', [signer])
  const client = new WitnessClient({ name: 'w', vkey: signerVkey(cosigner), url })
  const publisher = await openPublisher(log, signer, [client], 1)
  await append(log, 1)
  publisher.start()
  await until(() => log.published.size === 1, 'published')
  const start = performance.now()
  await publisher.stop()
  assert.ok(performance.now() - start < 500)
  await append(log, 1)
  await publisher.publishNow()
  assert.equal(log.published.size, 1)
  await log.close()
})

test('a witness that hangs holds publication up once, not each time', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const { url } = await listen(() => undefined)
  const { cosigner } = newWitness('witness.example/w', [signer])
  const client = new WitnessClient({ name: 'w', vkey: signerVkey(cosigner), url, timeoutMs: 300 })
  const publisher = await openPublisher(log, signer, [client], 1, { backoff: { firstMs: 1, mostMs: 1 } })
  await publisher.publishNow()
  assert.equal(publisher.witnesses[0]!.lastError?.code, 'timeout')
  const start = performance.now()
  for (let i = 1; i < 4; i++) {
    await append(log, 1)
    await publisher.publishNow()
    assert.equal(log.published.size, i)
  }
  assert.ok(performance.now() - start < 250)
  await publisher.stop()
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
  const publisher = await openPublisher(log, signer, clients, 3, {
    onWitnessed: ({ size }) => seen.push(size),
  })
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
  const publisher = await openPublisher(log, signer, [], 1, { policy })
  await append(log, 2)
  await publisher.publishNow()
  assert.equal(log.published.size, 2)
  assert.equal(sizeOf(publisher), undefined)
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
  const publisher = await openPublisher(log, signer, clients, 1, {
    keep: { disk, path: join(folder, 'witnessed') },
  })
  await append(log, 2)
  await publisher.publishNow()
  assert.match(String(publisher.lastError), /no room/)
  assert.equal(sizeOf(publisher), undefined)
  broken = false
  await publisher.publishNow()
  assert.equal(publisher.lastError, undefined)
  assert.equal(publisher.witnessed!.size, 2)
  await log.close()
})

test('two witnesses of one name are refused', async () => {
  const signer = newSigner('log.example/a')
  const log = await openLog(await newFolder(), signer)
  const [one] = network(1, signer)
  await assert.rejects(openPublisher(log, signer, [one!.client, one!.client], 1), { code: 'bad-config' })
  await log.close()
})
