/** A log in memory, and who cosigns its checkpoints. */
import * as crypto from 'node:crypto'
import { toBase64Url, utf8 } from '../src/bytes.ts'
import { nativeSuite, testSigner } from '../src/note/fixtures.test.ts'
import { formatNote, type NoteSigner, parseNote, signNote, withSignatures } from '../src/note/index.ts'
import type { Suite } from '../src/suite.ts'
import {
  cosign,
  Frontier,
  formatCheckpoint,
  formatTlogProof,
  inclusionProof,
  leafHash,
  parseCheckpoint,
  treeRoot,
} from '../src/tlog/index.ts'

const KEYS = new Map<string, crypto.KeyObject>()

/** SHA-256 and Ed25519 of node:crypto; keys are imported once. */
export const suite: Suite = {
  ...nativeSuite,
  verifyEd25519(publicKey, message, signature) {
    const x = toBase64Url(publicKey)
    let key = KEYS.get(x)
    if (key === undefined) {
      key = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      KEYS.set(x, key)
    }
    return crypto.verify(null, message, key, signature)
  },
}

/** POSIX seconds at which the registry checkpoint was cosigned; records are made 10 s later, and cosigned from 20 s on. */
export const EPOCH = Date.parse('2026-01-01T00:00:00Z') / 1000

/** Who cosigns a checkpoint, and when: POSIX seconds by witness name. */
export type Cosigners = Record<string, number>

export interface Witness {
  /** Its name in the policy. */
  name: string
  owner: string
  signer: NoteSigner
}

/** A log in memory. */
export class TestLog {
  readonly origin: string
  readonly signer: NoteSigner
  readonly #nodes = new Map<string, Uint8Array>()
  readonly #frontier = new Frontier(suite)

  /** The key follows from `seed`; two logs of one origin and different seeds have different keys. */
  constructor(origin: string, seed: string = origin) {
    this.origin = origin
    this.signer = testSigner(origin, undefined, seed)
  }

  get size(): number {
    return this.#frontier.size
  }

  /** The index of the new entry. */
  append(entry: Uint8Array): number {
    this.#frontier.append(leafHash(entry, suite), (level, index, hash) => {
      this.#nodes.set(`${level}/${index}`, hash)
    })
    return this.size - 1
  }

  /** Appends entries that nobody asks about. */
  fill(count: number): void {
    for (let i = 0; i < count; i++) this.append(suite.sha256(utf8(`${this.origin} ${this.size}`)))
  }

  /** The hash of a complete subtree. */
  node(level: number, index: number): Uint8Array {
    return this.#read(level, index)
  }

  rootAt(size: number): Uint8Array {
    return treeRoot(size, this.#read, suite)
  }

  /** The checkpoint's text, without signatures. */
  checkpointText(size: number = this.size): string {
    return formatCheckpoint({ origin: this.origin, size, root: this.rootAt(size), extensions: [] })
  }

  /** A signed checkpoint, and the cosignatures of `witnesses` named in `cosigners`. */
  checkpoint(
    witnesses: readonly Witness[] = [],
    cosigners: Cosigners = {},
    size: number = this.size,
  ): string {
    const text = this.checkpointText(size)
    const signatures = witnesses
      .filter(({ name }) => cosigners[name] !== undefined)
      .map(({ name, signer }) => cosign(text, signer, cosigners[name]!))
    return formatNote(withSignatures(parseNote(signNote(text, [this.signer])), signatures))
  }

  /** The tlog-proof of an entry under a signed checkpoint of this log. */
  prove(index: number, checkpoint: string): string {
    const { size } = parseCheckpoint(parseNote(checkpoint).text)
    return formatTlogProof({ index, hashes: inclusionProof(index, size, this.#read, suite), checkpoint })
  }

  readonly #read = (level: number, index: number): Uint8Array => this.#nodes.get(`${level}/${index}`)!
}
