/** A process that is killed while it appends: each receipt that it gave out is there afterwards, and opens. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Frontier, leafHash } from '@answerable/core/tlog'
import { nodeSuite, noteSigner } from '../src/log/index.ts'
import { Documents, Receipts, RecordStore } from '../src/record/index.ts'
import { realDisk } from '../src/storage/index.ts'
import { below, seeded } from './random.ts'

const KILLS = 15
const CHILD = fileURLToPath(new URL('./kill-child.ts', import.meta.url))

interface Printed {
  id: string
  secret: string
  request: string
  size: number
  root: string
}

const folder = await mkdtemp(join(tmpdir(), 'answerable-kill-'))
after(() => rm(folder, { recursive: true, force: true }))
const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
await writeFile(join(folder, 'key.pem'), pem, { mode: 0o600 })

/** Runs the child, kills it after so long, and gives what it printed in whole lines. */
function runAndKill(afterMs: number): Promise<Printed[]> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', piece => {
    if (text === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
    text += piece
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => {
      const lines = text.slice(0, text.lastIndexOf('\n')).split('\n').slice(1)
      resolve(lines.map(line => JSON.parse(line) as Printed))
    })
  })
}

async function assertThere(printed: readonly Printed[], asked: readonly Printed[]): Promise<void> {
  const signer = noteSigner('killed.example/log', createPrivateKey(pem))
  const store = await RecordStore.open({ disk: realDisk, folder, signer })
  const frontier = new Frontier(nodeSuite)
  const roots = ['']
  for await (const { statement } of store.storage.scan(0)) {
    frontier.append(leafHash(nodeSuite.sha256(statement), nodeSuite))
    roots.push(Buffer.from(frontier.root()).toString('hex'))
  }
  for (const { id, size, root } of printed) assert.equal(roots[size], root, `another tree after ${id}`)
  const documents = await Documents.open(realDisk, join(folder, 'documents'))
  const { log, storage, index } = store
  const receipts = new Receipts({ log, storage, index, documents, witnessed: () => undefined })
  for (const { id, secret, request } of asked)
    assert.equal(Buffer.from((await receipts.get(id, secret)).content.request!).toString(), request)
  await store.close()
}

test(`killed ${KILLS} times at random moments, it loses nothing that it gave out`, async () => {
  const random = seeded(Date.now())
  const printed: Printed[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const fresh = await runAndKill(below(random, 120))
    printed.push(...fresh)
    // Those of before were read after their own kill; all roots are compared each time.
    await assertThere(printed, fresh)
  }
  assert.ok(printed.length > KILLS, `only ${printed.length} records were made`)
  await assertThere(printed, printed)
})
