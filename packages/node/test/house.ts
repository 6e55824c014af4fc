/** A log with its storage, index and recorder on a disk, a script of work for them, and what must hold of it after. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, hash } from 'node:crypto'
import { equal } from '@answerable/core'
import { signatureLine } from '@answerable/core/note'
import { inferenceContext, parseDisclosure, parseInference } from '@answerable/core/statement'
import { Frontier, leafHash, parseTlogProof, verifyConsistency, verifyInclusion } from '@answerable/core/tlog'
import { Log, nodeSuite, noteSigner, type SignedCheckpoint } from '../src/log/index.ts'
import { type Asked, type Begun, Recorder } from '../src/record/index.ts'
import { type Disk, FileStorage, openContent, PARTS, type Part } from '../src/storage/index.ts'
import type { RecordIndex } from '../src/storage/index-db.ts'

export const FOLDER = '/house'
export const SIGNER = noteSigner('house.example/log', generateKeyPairSync('ed25519').privateKey)
/** Small, so that a script of forty records rolls segments and crosses key files several times. */
export const SIZES = { firstSegmentBytes: 8 << 10, lastSegmentBytes: 32 << 10, keysPerFile: 8 }
const DIGEST = 'ab'.repeat(32)

export const CONTEXT = inferenceContext({
  log: SIGNER.key.name,
  node: DIGEST,
  charter: DIGEST,
  terms: DIGEST,
})

/** What was acknowledged, which no fault may take away. */
export class Ledger {
  /** By index: what the record's content opens to. */
  readonly records = new Map<number, { id: string; parts: Partial<Record<Part, string>> }>()
  readonly checkpoints: SignedCheckpoint[] = []
  /** Records whose key was asked to be erased, and those where it was done. */
  readonly erasing = new Set<number>()
  readonly erased = new Set<number>()

  add(index: number, id: string, parts: Partial<Record<Part, string>>): void {
    assert.ok(!this.records.has(index), `two records were acknowledged at ${index}`)
    this.records.set(index, { id, parts })
  }
}

export class House {
  readonly storage: FileStorage
  readonly log: Log
  readonly recorder: Recorder
  #calls = 0

  private constructor(storage: FileStorage, log: Log) {
    this.storage = storage
    this.log = log
    // The index is never the truth: its own tests are elsewhere.
    const index = { add: () => undefined, pending: 0 } as unknown as RecordIndex
    this.recorder = new Recorder({ log, index, context: CONTEXT, clock: () => 1_700_000_000_000 })
  }

  static async open(disk: Disk): Promise<House> {
    const storage = await FileStorage.open(disk, FOLDER, { entryOf: nodeSuite.sha256, ...SIZES })
    try {
      const log = await Log.open({
        disk,
        folder: FOLDER,
        storage,
        signer: SIGNER,
        suite: nodeSuite,
        entries: 'digest',
        retryMs: 0,
        recentNodes: 4,
      })
      return new House(storage, log)
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  async answer(ledger: Ledger, bytes = 300): Promise<void> {
    const asked = this.#asked()
    const response = Buffer.alloc(bytes, `answer ${this.#calls} `)
    const { id, index } = await this.recorder.answer(asked, {
      response,
      status: 200,
      mediaType: 'text/plain',
      outcome: 'ok',
    })
    ledger.add(index, id, { request: asked.request.toString(), response: response.toString() })
    ledger.checkpoints.push(this.log.signed)
  }

  async begin(ledger: Ledger): Promise<Begun> {
    const asked = this.#asked()
    const begun = await this.recorder.begin(asked)
    ledger.add(begun.index, begun.id, { request: asked.request.toString() })
    ledger.checkpoints.push(this.log.signed)
    return begun
  }

  async end(ledger: Ledger, begun: Begun): Promise<void> {
    const response = Buffer.from(`the end of ${begun.id}`)
    const { index } = await this.recorder.end(begun, 'end', {
      response,
      status: 200,
      mediaType: 'text/event-stream',
      outcome: 'ok',
    })
    ledger.add(index, begun.id, { response: response.toString() })
    ledger.checkpoints.push(this.log.signed)
  }

  async publish(ledger: Ledger): Promise<void> {
    const published = await this.log.publish()
    ledger.checkpoints.push(published)
    const line = signatureLine({ name: 'w.example', keyId: 7, signature: new Uint8Array(72).fill(1) })
    await this.log.adopt({ ...published, note: published.note + line })
  }

  async erase(ledger: Ledger, index: number): Promise<void> {
    if (!ledger.records.has(index)) return
    ledger.erasing.add(index)
    await this.storage.eraseKey(index)
    ledger.erased.add(index)
  }

  close(): Promise<void> {
    return this.log.close()
  }

  #asked(): Asked & { request: Buffer } {
    return {
      request: Buffer.from(`question ${++this.#calls}`),
      method: 'POST',
      path: '/v1/chat/completions',
      mediaType: 'application/json',
      model: '{"name":"m"}',
      sampling: '{}',
      parties: '{}',
    }
  }
}

export type Step = (house: House, ledger: Ledger) => Promise<unknown>

const many = (count: number): Step => {
  return (house, ledger) => settled(Array.from({ length: count }, () => house.answer(ledger)))
}
const newest = (ledger: Ledger) => Math.max(...ledger.records.keys())

/** The script. Each step may fail; those after it are tried all the same. */
export function script(): Step[] {
  let stream: Begun | undefined
  return [
    (house, ledger) => house.answer(ledger),
    many(4),
    (house, ledger) => house.publish(ledger),
    async (house, ledger) => {
      stream = await house.begin(ledger)
    },
    many(3),
    async (house, ledger) => stream && house.end(ledger, stream),
    (house, ledger) => settled([house.publish(ledger), house.answer(ledger), house.answer(ledger)]),
    (house, ledger) => house.erase(ledger, 2),
    (house, ledger) => house.erase(ledger, newest(ledger)),
    many(6),
    (house, ledger) => house.erase(ledger, newest(ledger)),
    (house, ledger) => house.begin(ledger),
    (house, ledger) => house.publish(ledger),
    (house, ledger) => house.answer(ledger, 6000),
    (house, ledger) => house.answer(ledger),
    (house, ledger) => settled([house.answer(ledger), house.publish(ledger), house.answer(ledger)]),
  ]
}

/** Waits for all, then fails as the first that failed. */
async function settled(work: Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
}

/** What must hold of a house that was opened again. */
export async function check(house: House, ledger: Ledger): Promise<void> {
  const { storage, log } = house
  const frontier = new Frontier(nodeSuite)
  const roots = [Buffer.from(frontier.root()).toString('hex')]
  let size = 0
  for await (const { index, position, statement, content } of storage.scan(0)) {
    assert.equal(index, size++)
    const entry = nodeSuite.sha256(statement)
    frontier.append(leafHash(entry, nodeSuite))
    roots.push(Buffer.from(frontier.root()).toString('hex'))
    assert.ok(equal((await storage.read(position)).statement, statement))
    assert.ok(equal((await log.entries(index, 1))[0]!, entry))
    await checkRecord(house, ledger, index, statement, content)
  }
  assert.equal(storage.size, size)
  assert.equal(log.signed.size, size)
  for (const index of ledger.records.keys()) assert.ok(index < size, `record ${index} is lost`)
  for (const { size: at, root } of [...ledger.checkpoints, log.published, log.signed])
    assert.equal(Buffer.from(root).toString('hex'), roots[at], `another tree at ${at}`)
  await checkProofs(house, ledger)
}

async function checkRecord(
  { storage }: House,
  { records, erasing, erased }: Ledger,
  index: number,
  statement: Uint8Array,
  content: Uint8Array,
): Promise<void> {
  const { id, disclosures } = parseInference(statement)
  const known = records.get(index)
  if (known !== undefined) assert.equal(id, known.id, `another record at ${index}`)
  const key = await storage.key(index)
  if (key === undefined) {
    assert.ok(erasing.has(index), `the key of record ${index} is lost`)
    return
  }
  assert.ok(!erased.has(index), `the key of record ${index} is back`)
  const parts = openContent(key, content)
  for (const [name, text] of Object.entries(known?.parts ?? {}))
    assert.equal(Buffer.from(parts[name as Part]!).toString(), text)
  for (const [name, digest] of Object.entries(disclosures)) {
    const part = `${name}Disclosure` as Part
    assert.ok(part in PARTS)
    assert.equal(hash('sha256', parts[part]!, 'hex'), digest)
    assert.equal(parseDisclosure(Buffer.from(parts[part]!).toString()).name, name)
  }
}

/** Proofs of some entries under the newest checkpoint, and of that one's growth from some that were handed out. */
async function checkProofs({ log, storage }: House, { checkpoints }: Ledger): Promise<void> {
  const { size, root } = log.signed
  for (let index = 0; index < size; index += 5) {
    const { hashes: proof } = parseTlogProof(await log.prove(index))
    const entry = (await log.entries(index, 1))[0]!
    verifyInclusion({ index, size, leafHash: leafHash(entry, nodeSuite), proof, root }, nodeSuite)
  }
  for (const { size: oldSize, root: oldRoot } of checkpoints.filter((_, i) => i % 4 === 0)) {
    const proof = await log.consistencyProof(oldSize, size)
    verifyConsistency({ oldSize, oldRoot, newSize: size, newRoot: root, proof }, nodeSuite)
  }
  for await (const record of storage.scan(Math.max(0, size - 1)))
    await log.check(record.index, record.statement, record.position)
}
