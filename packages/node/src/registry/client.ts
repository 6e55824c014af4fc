/**
 * Asking another member's process about the registry. It may be slow, down or lying: every answer is bounded in size
 * and time, and believed only as far as signatures and trees show it.
 */
import { hash } from 'node:crypto'
import { AnswerableError, type ErrorCode, fromUtf8 } from '@answerable/core'
import { MAX_NOTE_BYTES } from '@answerable/core/note'
import { HASH_LENGTH, parseBundle, TILE_WIDTH, tilePath } from '@answerable/core/tlog'
import { Deadline, type Exchange, exchange, type Fetch } from '../witness/exchange.ts'
import type { Submitted } from './host.ts'

export interface RegistryClientOptions {
  /** The member's base URL. */
  url: string
  fetch?: Fetch
  timeoutMs?: number
}

type Answer = Exclude<Exchange, { fault: unknown }>

/** 256 entries, each with its length. */
const MAX_BUNDLE = TILE_WIDTH * (65_535 + 2)
const MAX_ANSWER = 1 << 20
const MAX_ERROR = 4096

export class RegistryClient {
  readonly url: string
  readonly #fetch: Fetch
  readonly #timeoutMs: number

  constructor({ url, fetch: send = request => fetch(request), timeoutMs = 5000 }: RegistryClientOptions) {
    this.url = url.replace(/\/+$/, '')
    this.#fetch = send
    this.#timeoutMs = timeoutMs
  }

  /** The newest checkpoint there, as a note: not checked. */
  async checkpoint(): Promise<string> {
    const { body } = await this.#call('GET', '/registry/checkpoint', MAX_NOTE_BYTES)
    return fromUtf8(body)
  }

  /** Entries from `from` up to `to`, in pieces of at most a tile: not checked. */
  async *entries(from: number, to: number): AsyncGenerator<Uint8Array[]> {
    for (let at = from; at < to; ) {
      const tile = Math.floor(at / TILE_WIDTH)
      const width = Math.min(TILE_WIDTH, to - tile * TILE_WIDTH)
      const path = `/registry/${tilePath('entries', tile, width)}`
      const { body } = await this.#call('GET', path, MAX_BUNDLE)
      const entries = parseBundle(body, width).slice(at - tile * TILE_WIDTH)
      yield entries
      at += entries.length
    }
  }

  /** A tile of hashes there: not checked. */
  async tile(level: number, index: number, width: number): Promise<Uint8Array> {
    const path = `/registry/${tilePath(level, index, width)}`
    return (await this.#call('GET', path, TILE_WIDTH * HASH_LENGTH)).body
  }

  /** Hands a statement to the host. Throws with the code that the host gave. */
  async submit(entry: Uint8Array): Promise<Submitted> {
    return (await this.post('/registry/statements', fromUtf8(entry))) as Submitted
  }

  /** Any document there, as it is. */
  async bytes(path: string): Promise<Uint8Array> {
    return (await this.#call('GET', path, MAX_ANSWER)).body
  }

  /** A document of the registry there, of about so many bytes at most: not checked. */
  async document(digest: string, most: number, timeoutMs?: number): Promise<Uint8Array> {
    const limit = Math.max(most, MAX_ERROR)
    return (await this.#call('GET', `/registry/documents/${digest}`, limit, undefined, timeoutMs)).body
  }

  /** Leaves a document there, which a statement is about to name. */
  async leave(bytes: Uint8Array): Promise<void> {
    const path = `/registry/documents/${hash('sha256', bytes, 'hex')}`
    await this.#call('PUT', path, MAX_ANSWER, new Uint8Array(bytes))
  }

  async get(path: string): Promise<unknown> {
    return jsonOf((await this.#call('GET', path, MAX_ANSWER)).body)
  }

  /** Throws with the code and message of the answer where it is an error. */
  async post(path: string, body: string): Promise<unknown> {
    return jsonOf((await this.#call('POST', path, MAX_ANSWER, body)).body)
  }

  async #call(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    limit: number,
    body?: string | Uint8Array<ArrayBuffer>,
    timeoutMs = this.#timeoutMs,
  ): Promise<Answer> {
    const deadline = new Deadline(timeoutMs)
    try {
      const init = body === undefined ? { method } : { method, body }
      const answer = await exchange(this.#fetch, this.url + path, init, limit, deadline)
      if ('fault' in answer)
        throw new AnswerableError('unavailable', `${this.url}: ${answer.message} (${answer.fault})`)
      if (answer.status !== 200) throw errorOf(this.url, answer.status, answer.body)
      return answer
    } finally {
      deadline.clear()
    }
  }
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(body))
  } catch (cause) {
    throw new AnswerableError('bad-format', 'the answer is not JSON', { cause })
  }
}

/** The codes that a peer's answer may carry on: others would let it choose our words. */
const CODES: readonly ErrorCode[] = [
  'rule-forbids',
  'wrong-host',
  'too-many-requests',
  'not-writable',
  'unavailable',
  'too-large',
  'not-found',
  'bad-request',
  'forbidden',
  'conflict',
]

function errorOf(url: string, status: number, body: Uint8Array): AnswerableError {
  try {
    const { error } = JSON.parse(fromUtf8(body)) as { error?: { code?: string; message?: unknown } }
    const code = CODES.find(known => known === error?.code)
    if (code !== undefined && typeof error?.message === 'string')
      return new AnswerableError(code, error.message.slice(0, 512).replace(/[\p{Cc}\p{Cf}]/gu, ' '))
  } catch {
    // Not one of our errors; its status says enough.
  }
  return new AnswerableError('unavailable', `${url}: answered with status ${status}`)
}
