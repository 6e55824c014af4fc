/** A log in memory that can be made to lie: for audits, in this process and over HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AnswerableError } from '@answerable/core'
import { formatVkey, type NoteSigner, signNote } from '@answerable/core/note'
import {
  encodeBundle,
  Frontier,
  formatCheckpoint,
  leafHash,
  parseBundle,
  parseTilePath,
  TILE_WIDTH,
  tilePath,
} from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { testSigner } from '../../../core/src/note/fixtures.test.ts'
import type { LogSource } from './source.ts'

/** The entries that every test log begins with. */
export function entry(index: number, of = 'log'): Uint8Array {
  return nodeSuite.sha256(Buffer.from(`${of} ${index}`))
}

export class FakeLog implements LogSource {
  readonly where = 'a log in memory'
  readonly signer: NoteSigner
  readonly #entries: Uint8Array[] = []
  readonly #levels: Uint8Array[][] = []
  readonly #frontier = new Frontier(nodeSuite)
  /** Files served in place of the right ones; undefined: missing. */
  readonly lies = new Map<string, Uint8Array | undefined>()
  /** Served in place of the current checkpoint. */
  note: string | undefined
  /** How many files are being fetched, and the most that ever were. */
  most = 0
  #now = 0

  constructor(origin = 'example.com/log', size = 0, of = 'log') {
    this.signer = testSigner(origin, undefined, origin)
    for (let i = 0; i < size; i++) this.append(entry(i, of))
  }

  get vkey(): string {
    return formatVkey(this.signer.key)
  }

  append(bytes: Uint8Array): void {
    this.#entries.push(bytes)
    this.#frontier.append(leafHash(bytes, nodeSuite), (level, _index, hash) => {
      if (level % 8 !== 0) return
      this.#levels[level / 8] ??= []
      this.#levels[level / 8]!.push(hash)
    })
  }

  sign(root: Uint8Array = this.#frontier.root(), size: number = this.#frontier.size): string {
    const text = formatCheckpoint({ origin: this.signer.key.name, size, root, extensions: [] })
    return signNote(text, [this.signer])
  }

  /** The right bytes of a tile or bundle. */
  right(path: string): Uint8Array | undefined {
    const { level, index, width } = parseTilePath(path)
    const [from, to] = [index * TILE_WIDTH, index * TILE_WIDTH + width]
    if (level === 'entries')
      return to > this.#entries.length ? undefined : encodeBundle(this.#entries.slice(from, to))
    const hashes = this.#levels[level] ?? []
    return to > hashes.length ? undefined : Buffer.concat(hashes.slice(from, to))
  }

  /** Changes one bit of a file. */
  flip(path: string, at: number): void {
    const bytes = Uint8Array.from(this.right(path)!)
    bytes[at]! ^= 1
    this.lies.set(path, bytes)
  }

  async checkpoint(): Promise<Uint8Array> {
    return Buffer.from(this.note ?? this.sign())
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array> {
    const path = tilePath(level, index, width)
    const bytes = await this.#file(path)
    if (bytes.length !== width * 32)
      throw new AnswerableError('bad-tile', `${path} has ${bytes.length} bytes`)
    return bytes
  }

  async entries(index: number, width: number): Promise<Uint8Array[]> {
    return parseBundle(await this.#file(tilePath('entries', index, width)), width)
  }

  async close(): Promise<void> {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.slice(1)
    const bytes = path === 'checkpoint' ? Buffer.from(this.note ?? this.sign()) : this.#served(path)
    response.statusCode = bytes === undefined ? 404 : 200
    response.end(bytes)
  }

  async #file(path: string): Promise<Uint8Array> {
    this.most = Math.max(this.most, ++this.#now)
    await new Promise(resolve => setImmediate(resolve))
    this.#now--
    const bytes = this.#served(path)
    if (bytes === undefined) throw new AnswerableError('not-found', path)
    return bytes
  }

  #served(path: string): Uint8Array | undefined {
    if (this.lies.has(path)) return this.lies.get(path)
    try {
      return this.right(path)
    } catch {
      return undefined
    }
  }
}
