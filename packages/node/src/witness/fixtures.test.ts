/** What the tests of this folder share: keys, trees, logs and servers. Has no tests of its own. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { utf8 } from '@answerable/core'
import {
  type NoteSigner,
  SIG_COSIGNATURE_ED25519,
  signerVkey,
  signNote,
  type VerifierKey,
} from '@answerable/core/note'
import {
  consistencyProof,
  evaluatePolicy,
  Frontier,
  formatAddCheckpoint,
  formatCheckpoint,
  type HashReader,
  leafHash,
  nodeHash,
  type Policy,
} from '@answerable/core/tlog'
import { serve as serveApp } from '@hono/node-server'
import type { Hono } from 'hono'
import { Log, noteSigner, nodeSuite as suite } from '../log/index.ts'
import { FileStorage, realDisk } from '../storage/index.ts'
import { witnessApp } from './app.ts'
import { WitnessClient, type WitnessClientOptions } from './client.ts'
import { Publisher, type PublisherOptions } from './publisher.ts'
import { WitnessState } from './state.ts'
import { Witness } from './witness.ts'

export { suite }

export function newSigner(name: string, type?: number): NoteSigner {
  return noteSigner(name, generateKeyPairSync('ed25519').privateKey, type)
}

export function newCosigner(name: string): NoteSigner {
  return newSigner(name, SIG_COSIGNATURE_ED25519)
}

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'answerable-witness-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A log's tree without a log: the leaves are given, any size has its root, proofs and checkpoints. */
export class Tree {
  readonly signer: NoteSigner
  readonly #leaves: Uint8Array[]

  constructor(signer: NoteSigner, entries: readonly string[]) {
    this.signer = signer
    this.#leaves = entries.map(entry => leafHash(utf8(entry), suite))
  }

  root(size: number): Uint8Array {
    const frontier = new Frontier(suite)
    for (const leaf of this.#leaves.slice(0, size)) frontier.append(leaf)
    return frontier.root()
  }

  proof(oldSize: number, newSize: number): Uint8Array[] {
    const read: HashReader = (level, index) =>
      level === 0
        ? this.#leaves[index]!
        : nodeHash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1), suite)
    return consistencyProof(oldSize, newSize, read, suite)
  }

  text(size: number, extensions: string[] = []): string {
    return formatCheckpoint({ origin: this.signer.key.name, size, root: this.root(size), extensions })
  }

  note(size: number, signer: NoteSigner = this.signer): string {
    return signNote(this.text(size), [signer])
  }

  body(oldSize: number, size: number, checkpoint: string = this.note(size)): Uint8Array {
    return utf8(formatAddCheckpoint({ oldSize, proof: this.proof(oldSize, size), checkpoint }))
  }
}

export function entries(count: number, prefix = 'entry'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix} ${i}`)
}

/** A witness in memory, under its own HTTP paths. */
export function newWitness(name: string, logs: readonly NoteSigner[], clock?: () => number) {
  const cosigner = newCosigner(name)
  const witness = new Witness({
    state: new WitnessState(':memory:'),
    cosigners: [cosigner],
    logs: logs.map(signerVkey),
    ...(clock && { clock }),
  })
  return { cosigner, witness, app: witnessApp(witness) }
}

/** A client that calls the app without a socket; `down` makes it as if nobody listened. */
export function inProcess(
  name: string,
  cosigner: NoteSigner,
  app: Hono,
  options: Partial<WitnessClientOptions> = {},
) {
  const link = { down: false, delayMs: 0, calls: 0 }
  const client = new WitnessClient({
    name,
    vkey: signerVkey(cosigner),
    url: `http://${name}.test`,
    fetch: async request => {
      link.calls++
      if (link.delayMs > 0) await new Promise(resolve => setTimeout(resolve, link.delayMs))
      if (link.down) throw new Error('nobody listens')
      return app.fetch(request)
    },
    ...options,
  })
  return { link, client }
}

export async function openLog(folder: string, signer: NoteSigner): Promise<Log> {
  const storage = await FileStorage.open(realDisk, join(folder, 'records'), {
    firstSegmentBytes: 1 << 16,
    entryOf: statement => suite.sha256(statement),
  })
  return Log.open({ disk: realDisk, folder, storage, signer, suite, entries: 'digest' })
}

export async function append(log: Log, count: number, prefix = 'statement'): Promise<void> {
  const first = log.signed.size
  for (let i = first; i < first + count; i++) {
    const statement = utf8(`${prefix} ${i}`)
    await log.append({ statement, content: new Uint8Array(0), entry: suite.sha256(statement) })
  }
}

/** A quorum of `threshold` among these witnesses, each an owner. */
export function quorumOf(
  threshold: number,
  witnesses: readonly { name: string; key: VerifierKey }[],
): Policy {
  return {
    logs: [],
    witnesses: witnesses.map(({ name, key }) => ({ name, key })),
    groups: [{ name: 'quorum', threshold, members: witnesses.map(({ name }) => name) }],
    quorum: 'quorum',
  }
}

/** Witnesses of one log in this process, each with a link that can be cut. */
export function network(count: number, signer: NoteSigner) {
  return Array.from({ length: count }, (_, i) => {
    const made = newWitness(`witness.example/${i}`, [signer])
    return { ...made, ...inProcess(`w${i}`, made.cosigner, made.app) }
  })
}

/** A publisher at a pace for tests. */
export function openPublisher(
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

/** What the policy says of a note that the log signed. */
export function judge(
  note: string,
  signer: NoteSigner,
  witnesses: readonly WitnessClient[],
  threshold: number,
) {
  const policy = { ...quorumOf(threshold, witnesses), logs: [{ key: signer.key }] }
  const result = evaluatePolicy(policy, note, suite)
  assert.ok(result.outcome === 'ok')
  return result
}

/** Serves a listener on a free port of this machine until the tests end. */
export async function listen(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** Serves an app on a free port of this machine until the tests end. */
export async function serve(app: Hono): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<AddressInfo>()
  const server = serveApp({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, resolve) as Server
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(await promise).port}`
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
