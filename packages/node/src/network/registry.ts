/**
 * The registry's log of a local network: a log of signed envelopes, cosigned like any other. Its rules are still to
 * come; until then it holds what the network's owner states about it, so that receipts can name a point in it.
 */
import { join } from 'node:path'
import { toHex } from '@answerable/core'
import type { NoteSigner } from '@answerable/core/note'
import {
  formatEnvelope,
  parseEnvelope,
  parseStatement,
  preAuthEncoding,
  type RegistryPoint,
  STATEMENT_MEDIA_TYPE,
  STATEMENT_TYPE,
} from '@answerable/core/statement'
import { registryPoint } from '../gateway/node.ts'
import { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Documents } from '../record/documents.ts'
import type { Disk } from '../storage/disk.ts'
import { FileStorage } from '../storage/files.ts'
import { Publisher, type PublisherOptions } from '../witness/index.ts'

const SEGMENT_BYTES = 256 << 10

export interface LocalRegistryOptions
  extends Pick<PublisherOptions, 'witnesses' | 'policy' | 'intervalMs' | 'onFork'> {
  disk: Disk
  folder: string
  /** The log's. */
  signer: NoteSigner
  /** Who states. */
  owner: NoteSigner
  documents: Documents
}

export class LocalRegistry {
  readonly log: Log
  readonly publisher: Publisher
  readonly #options: LocalRegistryOptions

  private constructor(options: LocalRegistryOptions, log: Log, publisher: Publisher) {
    this.#options = options
    this.log = log
    this.publisher = publisher
  }

  static async open(options: LocalRegistryOptions): Promise<LocalRegistry> {
    const { disk, folder, signer, owner: _, documents: __, ...publishing } = options
    const storage = await FileStorage.open(disk, folder, {
      entryOf: nodeSuite.sha256,
      firstSegmentBytes: SEGMENT_BYTES,
      lastSegmentBytes: 16 << 20,
    })
    const log = await Log.open({ disk, folder, storage, signer, suite: nodeSuite, entries: 'statement' })
    const keep = { disk, path: join(folder, 'witnessed') }
    const publisher = await Publisher.open({ ...publishing, log, key: signer.key, keep })
    return new LocalRegistry(options, log, publisher)
  }

  /** States documents, by kind (`charter`, `node`), that the registry does not hold yet. */
  async state(papers: readonly { kind: string; digest: string }[], time: number): Promise<void> {
    const known = await this.#known()
    for (const { kind, digest } of papers) {
      if (known.has(digest)) continue
      const bytes = await this.#options.documents.get(digest)
      await this.#append(kind, digest, JSON.parse(Buffer.from(bytes!).toString()), time)
    }
  }

  /** The newest witnessed checkpoint, kept so that receipts can bring it along. */
  async witnessedPoint(): Promise<RegistryPoint | undefined> {
    const { witnessed } = this.publisher
    if (witnessed === undefined) return undefined
    await this.#options.documents.putCheckpoint(toHex(witnessed.root), witnessed.size, witnessed.note)
    return registryPoint(this.log.origin, witnessed)
  }

  async close(): Promise<void> {
    await this.publisher.stop()
    await this.log.close()
  }

  /** Digests of what is stated already. */
  async #known(): Promise<Set<string>> {
    const known = new Set<string>()
    for (let i = 0; i < this.log.signed.size; i++) {
      const [entry] = await this.log.entries(i, 1)
      for (const { sha256 } of parseStatement(parseEnvelope(entry!).payload).subject) known.add(sha256)
    }
    return known
  }

  /** One statement, in an envelope that the owner signs. */
  async #append(kind: string, digest: string, document: unknown, time: number): Promise<void> {
    const { owner } = this.#options
    const payload = Buffer.from(
      JSON.stringify({
        _type: STATEMENT_TYPE,
        subject: [{ name: kind, digest: { sha256: digest } }],
        predicateType: `https://answerable.dev/registry/${kind}/v1`,
        predicate: { time: new Date(time).toISOString(), document },
      }),
    )
    const sig = owner.sign(preAuthEncoding(STATEMENT_MEDIA_TYPE, payload))
    const signatures = [{ keyid: toHex(owner.key.publicKey), sig }]
    const envelope = Buffer.from(formatEnvelope({ payloadType: STATEMENT_MEDIA_TYPE, payload, signatures }))
    await this.log.append({
      statement: envelope,
      entry: nodeSuite.sha256(envelope),
      content: new Uint8Array(0),
    })
  }
}
