/**
 * Whose signatures on models this reader trusts: a file for each publisher in `publishers/` of the home folder, with the
 * key that they agreed to. Nothing gets in here but by `trust publisher`, or by the reader's own hand.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError, parseJson } from '@answerable/core'
import { parsePublisherKey, type TrustedPublisher } from '@answerable/core/model'
import { nodeSuite } from '@answerable/node/log'
import { homeFolder, refuseWritableByOthers, writePrivately } from './home.ts'

const TYPE = 'https://answerable.dev/publisher/v1'
/** Also the name of a file, so the same on systems that do not tell capitals apart. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
const MOST_BYTES = 64 * 1024

export interface PublisherEntry extends TrustedPublisher {
  /** RFC 3339. */
  added: string
}

export class PublisherStore {
  readonly #folder: string

  constructor(home: string = homeFolder()) {
    this.#folder = join(home, 'publishers')
  }

  /** All publishers. Throws where one cannot be read: a reader who trusts it must not be told otherwise. */
  all(): PublisherEntry[] {
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder)
      .filter(file => file.endsWith('.json') && NAME.test(file.slice(0, -5)))
      .sort()
      .map(file => this.get(file.slice(0, -5))!)
  }

  /** Throws `bad-key` for a file that is not as `put` writes it, and `bad-config` for one that others can write. */
  get(name: string): PublisherEntry | undefined {
    const path = this.#path(name)
    if (!existsSync(path)) return undefined
    refuseWritableByOthers(this.#folder)
    refuseWritableByOthers(path)
    try {
      const fields = parseJson(readFileSync(path), { maxBytes: MOST_BYTES, maxDepth: 2 })
      const { type, key, added } = fields as Record<string, unknown>
      if (type !== TYPE || typeof key !== 'string' || typeof added !== 'string')
        throw new AnswerableError('bad-key', 'not a file of this store')
      return { name, key: parsePublisherKey(key, nodeSuite), added }
    } catch (cause) {
      throw new AnswerableError('bad-key', `${path}: ${(cause as Error).message}`, { cause })
    }
  }

  put({ name, key, added }: PublisherEntry): string {
    const path = this.#path(name)
    writePrivately(path, `${JSON.stringify({ type: TYPE, key: key.pem, added }, null, 2)}\n`)
    return path
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    const path = this.#path(name)
    if (!existsSync(path)) return false
    rmSync(path)
    return true
  }

  #path(name: string): string {
    if (!NAME.test(name))
      throw new AnswerableError(
        'bad-request',
        'a publisher is called by up to 64 lower-case letters, digits, dots, dashes and underscores; give one with --name',
      )
    return join(this.#folder, `${name}.json`)
  }
}
