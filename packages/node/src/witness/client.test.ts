/** The client against witnesses that are good, slow, down or lying. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { formatNote, type NoteSigner, signerVkey } from '@answerable/core/note'
import { cosign, formatCosignatures, verifyCosignature } from '@answerable/core/tlog'
import { WitnessClient, type WitnessClientOptions } from './client.ts'
import {
  entries,
  inProcess,
  listen,
  newCosigner,
  newSigner,
  newWitness,
  serve,
  suite,
  Tree,
} from './fixtures.test.ts'
import { originId } from './state.ts'

const logSigner = newSigner('log.example/one')
const tree = new Tree(logSigner, entries(40))
const fork = new Tree(logSigner, entries(40, 'other'))
const cosigner = newCosigner('witness.example/w')
const now = () => Math.floor(Date.now() / 1000)

function source(of: Tree = tree, size = 40) {
  return {
    size: () => size,
    proof: (oldSize: number, newSize: number) => Promise.resolve(of.proof(oldSize, newSize)),
  }
}

function clientOf(url: string, options: Partial<WitnessClientOptions> = {}): WitnessClient {
  return new WitnessClient({ name: 'w', vkey: signerVkey(cosigner), url, timeoutMs: 300, ...options })
}

/** A cosignature line over the tree of `size`, as a lying witness may make it. */
function line(size: number, signer: NoteSigner = cosigner, time = now()): string {
  return formatCosignatures([cosign(tree.text(size), signer, time)])
}

test('over a socket: learns the size, proves, and takes a cosignature that it checked', async () => {
  const good = newWitness('witness.example/w', [logSigner])
  const url = `${await serve(good.app)}/`
  const client = clientOf(url, { vkey: signerVkey(good.cosigner), timeoutMs: 5000 })
  for (const [size, oldSize] of [
    [5, undefined],
    [9, undefined],
    [11, 9],
    [11, 11],
    [20, 3],
    [21, 400],
  ] as const) {
    const result = await client.submit(tree.note(size), {
      ...source(),
      ...(oldSize !== undefined && { oldSize }),
    })
    assert.ok(result.outcome === 'cosigned', JSON.stringify(result))
    const note = formatNote({ text: tree.text(size), signatures: [result.signature] })
    assert.equal(verifyCosignature(note, good.cosigner.key, suite).timestamp, result.timestamp)
  }
  const latest = await client.latest('log.example/one')
  assert.ok(latest.outcome === 'found')
  assert.equal(latest.checkpoint.size, 21)
  assert.deepEqual(await client.latest('log.example/two'), { outcome: 'none' })
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void
const status =
  (code: number, body = '', headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body)
const size409 = (body: string) => status(409, body, { 'content-type': 'text/x.tlog.size' })
let flips = 0

/** What a witness does, and the code of the failure. The checkpoint submitted is of 9 entries, of a log of 40. */
const faults: [what: string, handler: Handler, code: string][] = [
  ['never answers', () => undefined, 'timeout'],
  ['answers half', (_request, response) => void response.writeHead(200).write('— w'), 'timeout'],
  ['hangs up', request => void request.socket.destroy(), 'unreachable'],
  ['500', status(500, 'oops'), 'status'],
  ['429', status(429), 'status'],
  ['204', status(204), 'status'],
  ['404', status(404), 'unknown-log'],
  ['403', status(403), 'refused'],
  ['400', status(400), 'refused'],
  ['redirects', status(307, '', { location: 'http://127.0.0.1:1/' }), 'redirect'],
  ['redirects to itself', status(302, '', { location: '/add-checkpoint' }), 'redirect'],
  ['200 with nothing', status(200), 'garbage'],
  ['200 with a page', status(200, '<html>hello</html>\n'), 'garbage'],
  ['200 with bytes', (_request, response) => void response.end(Buffer.from([0xff, 0xfe, 0x0a])), 'garbage'],
  ['a line without its newline', status(200, line(9).trimEnd()), 'garbage'],
  ['an announced length over the limit', status(200, line(9).repeat(900)), 'too-large'],
  [
    'an endless body',
    (_request, response) => {
      const more = () =>
        void (response.destroyed || (response.write('x'.repeat(1000)) ? setImmediate(more) : 0))
      response.on('drain', more).on('close', () => response.removeListener('drain', more))
      more()
    },
    'too-large',
  ],
  ['another witness’s key', status(200, line(9, newCosigner('other.example/w'))), 'wrong-key'],
  ['another key by the same name', status(200, line(9, newCosigner('witness.example/w'))), 'wrong-key'],
  [
    'another key’s signature under the right ID',
    status(200, line(9, { ...newCosigner('x'), key: cosigner.key })),
    'bad-signature',
  ],
  ['an older cosignature again', status(200, line(5)), 'bad-signature'],
  ['a cosignature of another hour', status(200, line(9, cosigner, now() - 4000)), 'bad-time'],
  ['a cosignature of the future', status(200, line(9, cosigner, now() + 4000)), 'bad-time'],
  ['a cosignature without a time', status(200, line(9, cosigner, 0)), 'bad-time'],
  ['409 with another size each time', (q, s) => size409(`${1 + (flips++ % 5)}\n`)(q, s), 'loop'],
  ['409 with the size it was given', size409('0\n'), 'garbage'],
  ['409 without a size', size409(''), 'garbage'],
  ['409 with words', status(409, 'conflict', { 'content-type': 'text/plain' }), 'garbage'],
  ['409 with a long number', size409(`${'9'.repeat(40)}\n`), 'garbage'],
  ['409 with a size that only the log has by now', size409('12\n'), 'stale'],
]
for (const [what, handler, code] of faults) {
  test(`a witness that fails: ${what}`, async () => {
    const { url } = await listen((request, response) => {
      if (code === 'timeout' || code === 'unreachable') handler(request, response)
      else request.resume().on('end', () => handler(request, response))
    })
    const start = performance.now()
    const result = await clientOf(url).submit(tree.note(9), source())
    assert.ok(result.outcome === 'failed', JSON.stringify(result))
    assert.equal(result.code, code, result.message)
    assert.ok(performance.now() - start < 2000)
  })
}

test('one that is down, and one that was given up', async () => {
  const { url, server } = await listen(() => undefined)
  const abort = new AbortController()
  const waiting = clientOf(url, { timeoutMs: 5000 }).submit(tree.note(9), {
    ...source(),
    signal: abort.signal,
  })
  setTimeout(() => abort.abort(), 20)
  assert.deepEqual(await waiting, { outcome: 'failed', code: 'aborted', message: 'given up' })
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  const result = await clientOf(url).submit(tree.note(9), source())
  assert.deepEqual(result, { outcome: 'failed', code: 'unreachable', message: 'ECONNREFUSED' })
  assert.equal((await clientOf(url).latest('log.example/one')).outcome, 'failed')
})

test('an injected fetch that does not heed its signal is timed out all the same', async () => {
  const client = clientOf('http://w.test', { timeoutMs: 30, fetch: () => new Promise(() => undefined) })
  const result = await client.submit(tree.note(9), source())
  assert.ok(result.outcome === 'failed' && result.code === 'timeout')
})

test('a good line is found among others, and signatures of others are ignored', async () => {
  const { url } = await listen(status(200, line(9, newCosigner('a.example/w')) + line(9)))
  assert.equal((await clientOf(url).submit(tree.note(9), source())).outcome, 'cosigned')
})

test('a log that cannot prove says so, and does not blame the witness', async () => {
  const { url } = await listen(size409('5\n'))
  const result = await clientOf(url).submit(tree.note(9), {
    size: () => 40,
    proof: () => Promise.reject(new Error('disk')),
  })
  assert.deepEqual(result, { outcome: 'failed', code: 'no-proof', message: 'disk' })
})

test('a witness that knows more than the log, or another tree, gives `ahead`', async () => {
  const good = newWitness('witness.example/w', [logSigner])
  const { client } = inProcess('w', good.cosigner, good.app)
  assert.equal((await client.submit(tree.note(20), source())).outcome, 'cosigned')
  const reasons: [number, Tree, number, number, string][] = [
    [0, tree, 9, 9, 'larger'],
    [9, fork, 9, 12, 'larger'],
    [0, fork, 20, 20, 'other-root'],
    [20, fork, 20, 20, 'other-root'],
    [0, fork, 30, 30, 'inconsistent'],
    [20, fork, 30, 30, 'inconsistent'],
  ]
  for (const [oldSize, of, size, logSize, reason] of reasons) {
    const result = await client.submit(of.note(size), { ...source(of, logSize), oldSize })
    assert.ok(result.outcome === 'ahead', JSON.stringify(result))
    assert.equal(result.reason, reason)
    assert.equal(result.size, 20)
  }
  const { url } = await listen(status(409, 'the root differs'))
  const other = await clientOf(url).submit(tree.note(9), { ...source(), oldSize: 9 })
  assert.ok(other.outcome === 'ahead' && other.reason === 'other-root')
})

test('the monitoring path: another origin, garbage, errors and redirects are failures', async () => {
  const answers: [Handler, string][] = [
    [status(200, newTreeNote()), 'garbage'],
    [status(200, 'hello'), 'garbage'],
    [status(200, 'x'.repeat((1 << 20) + 1)), 'too-large'],
    [status(500), 'status'],
    [status(301, '', { location: '/x' }), 'redirect'],
  ]
  for (const [handler, code] of answers) {
    const { url } = await listen((request, response) => {
      assert.equal(request.url, `/checkpoint/${originId('log.example/one')}`)
      handler(request, response)
    })
    const result = await clientOf(url).latest('log.example/one')
    assert.ok(result.outcome === 'failed')
    assert.equal(result.code, code)
  }
})

function newTreeNote(): string {
  return new Tree(newSigner('log.example/two'), entries(3)).note(3)
}

test('a client is refused for a URL or key that is none', () => {
  for (const url of ['', 'w', 'ftp://w.test', 'http://u:p@w.test', 'http://w.test/?a', 'http://w.test/#a'])
    assert.throws(() => clientOf(url), { code: 'bad-config' }, url)
  assert.throws(() => clientOf('http://w.test', { vkey: signerVkey(logSigner) }), { code: 'bad-config' })
  assert.throws(() => clientOf('http://w.test', { vkey: 'w' }), { code: 'bad-vkey' })
  assert.equal(clientOf('https://w.test/a/b//').url, 'https://w.test/a/b')
})
