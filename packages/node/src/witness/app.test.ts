/** The witness over HTTP, mounted under a prefix. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '@answerable/core'
import { signerVkey } from '@answerable/core/note'
import { verifyCosignature } from '@answerable/core/tlog'
import { Hono } from 'hono'
import { witnessApp } from './app.ts'
import { entries, newCosigner, newSigner, newWitness, serve, suite, Tree } from './fixtures.test.ts'
import { originId, WitnessState } from './state.ts'
import { Witness } from './witness.ts'

const logSigner = newSigner('log.example/one')
const tree = new Tree(logSigner, entries(20))

test('over a socket, under a prefix: submit, conflict, read back', async () => {
  const { app, cosigner } = newWitness('witness.example/w', [logSigner])
  const url = `${await serve(new Hono().route('/w', app))}/w`
  const post = (body: Uint8Array) =>
    fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })

  const vkey = await fetch(`${url}/vkey`)
  assert.equal(await vkey.text(), `${signerVkey(cosigner)}\n`)

  const path = `${url}/checkpoint/${originId('log.example/one')}`
  assert.equal((await fetch(path)).status, 404)
  const answer = await post(tree.body(0, 7))
  assert.equal(answer.status, 200)
  assert.match(await answer.text(), /^— witness\.example\/w \S+\n$/)
  const refused = await post(tree.body(0, 9))
  assert.equal(refused.status, 409)
  assert.equal(refused.headers.get('content-type'), 'text/x.tlog.size')
  assert.equal(await refused.text(), '7\n')

  const latest = await fetch(path)
  assert.equal(latest.headers.get('content-type'), 'text/plain; charset=utf-8')
  const note = await latest.text()
  assert.ok(note.startsWith(tree.note(7)))
  assert.ok(verifyCosignature(note, cosigner.key, suite).timestamp > 0)

  assert.equal((await fetch(`${url}/checkpoint/log.example`)).status, 404)
  assert.equal((await fetch(`${url}/add-checkpoint`)).status, 404)
  const long = await post(new Uint8Array(2 << 20)).catch(() => undefined)
  assert.ok(long === undefined || long.status === 413)
})

test('several submissions at once: one wins from each size, none goes back', async () => {
  const { app, witness } = newWitness('witness.example/w', [logSigner])
  const url = await serve(app)
  const statuses = await Promise.all(
    [5, 6, 7, 8, 9].map(async size => {
      const body = Buffer.from(tree.body(0, size))
      return (await fetch(`${url}/add-checkpoint`, { method: 'POST', body })).status
    }),
  )
  assert.deepEqual(statuses.sort(), [200, 409, 409, 409, 409])
  assert.ok(witness.latest(originId('log.example/one'))!.size >= 5)
})

test('an error of the witness’s own is `internal`, and tells nothing', async () => {
  const state = new WitnessState(':memory:')
  const cosigners = [newCosigner('witness.example/w')]
  const witness = new Witness({ state, cosigners, logs: [signerVkey(logSigner)] })
  const errors: unknown[] = []
  const app = witnessApp(witness, { onError: error => errors.push(error) })
  state.close()
  const answer = await app.request('/add-checkpoint', { method: 'POST', body: Buffer.from(tree.body(0, 7)) })
  assert.equal(answer.status, 500)
  assert.equal(await answer.text(), 'internal: the witness could not answer\n')
  assert.equal(errors.length, 1)
})

test('a body that breaks off, or has no end, is an answer', async () => {
  const { app } = newWitness('witness.example/w', [logSigner])
  const send = (body: ReadableStream) =>
    app.request(new Request('http://w.test/add-checkpoint', { method: 'POST', body, duplex: 'half' }))
  const broken = await send(
    new ReadableStream({
      pull(controller) {
        controller.error(new Error('gone'))
      },
    }),
  )
  assert.equal(broken.status, 400)
  const endless = await send(
    new ReadableStream({
      pull(controller) {
        controller.enqueue(utf8('x'.repeat(65_536)))
      },
    }),
  )
  assert.equal(endless.status, 413)
})
