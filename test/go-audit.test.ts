/** A log of 100,000 entries, written by the gateway's recorder, audited by the libraries of Go's checksum database. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatVkey } from '@answerable/core/note'
import { inferenceContext } from '@answerable/core/statement'
import { getRequestListener } from '@hono/node-server'
import { logApp } from '../packages/node/src/gateway/log-app.ts'
import { loadKey, noteSigner } from '../packages/node/src/log/index.ts'
import { Recorder, RecordStore } from '../packages/node/src/record/index.ts'
import { realDisk } from '../packages/node/src/storage/index.ts'
import { needs, temporaryFolder } from './lib.ts'

const GOPATH = '/usr/share/gocode'
const ENTRIES = 100_000

test('a log of 100,000 entries passes an audit by code that is not ours', { timeout: 300_000 }, async t => {
  const library = existsSync(join(GOPATH, 'src/golang.org/x/mod/sumdb/tlog'))
  if (
    !needs(
      t,
      library && existsSync('/usr/bin/go'),
      'Go with golang.org/x/mod (golang-go, golang-golang-x-mod-dev)',
    )
  )
    return
  const folder = temporaryFolder(t)
  const signer = noteSigner('audit.example/inference', await loadKey(realDisk, join(folder, 'key.pem')))
  const store = await RecordStore.open({ disk: realDisk, folder: join(folder, 'log'), signer })
  t.after(() => store.close())
  await fill(store, signer.key.name)
  await store.log.publish()

  const app = logApp(() => store.log, signer.key)
  const server = createServer(getRequestListener(request => app.fetch(request)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as { port: number }
  const prefix = `http://127.0.0.1:${port}`

  assert.equal(await audit(prefix, formatVkey(signer.key)), `${ENTRIES}\n`)

  // The same code must find a fault, or its silence would say nothing: another log's key is one.
  const other = noteSigner('audit.example/inference', await loadKey(realDisk, join(folder, 'other.pem')))
  await assert.rejects(audit(prefix, formatVkey(other.key)), /note has no verifiable signatures/)
})

async function fill(store: RecordStore, log: string): Promise<void> {
  const digest = 'a'.repeat(64)
  const context = inferenceContext({ log, node: digest, charter: digest, terms: digest })
  const recorder = new Recorder({ log: store.log, index: store.index, context, clock: Date.now })
  const bytes = Buffer.from('{"model":"m"}')
  let left = ENTRIES
  const worker = async () => {
    while (left-- > 0) {
      await recorder.answer(
        {
          request: bytes,
          method: 'POST',
          path: '/v1/x',
          mediaType: '',
          model: '{}',
          sampling: '{}',
          parties: '{}',
        },
        { response: bytes, status: 200, mediaType: '', outcome: 'ok' },
      )
    }
  }
  await Promise.all(Array.from({ length: 512 }, worker))
}

function audit(prefix: string, vkey: string): Promise<string> {
  const main = join(import.meta.dirname, 'go-audit/main.go')
  const env = {
    ...process.env,
    GO111MODULE: 'off',
    GOPATH,
    GOFLAGS: '',
    GOCACHE: join(import.meta.dirname, '../.cache/go'),
  }
  return new Promise((resolve, reject) => {
    const child = spawn('go', ['run', main, prefix, vkey], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let problems = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    child.stderr.on('data', chunk => {
      problems += chunk
    })
    child.on('close', code => (code === 0 ? resolve(out) : reject(new Error(problems))))
    child.on('error', reject)
  })
}
