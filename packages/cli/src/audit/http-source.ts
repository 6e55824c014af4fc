/** A log over HTTP (C2SP tlog-tiles), from a server that may lie, be slow, or be gone for a moment. */
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError, errorCode } from '@answerable/core'
import { MAX_NOTE_BYTES } from '@answerable/core/note'
import { HASH_LENGTH, MAX_ENTRY_BYTES, parseBundle, TILE_WIDTH, tilePath } from '@answerable/core/tlog'
import { get, under } from '../http.ts'
import type { LogSource } from './source.ts'

/** Pauses before asking again a server that did not answer. */
const PAUSES = [250, 1000]

export class HttpSource implements LogSource {
  readonly #base: URL
  readonly #timeoutMs: number
  readonly #signal: AbortSignal | undefined

  constructor(base: URL, { timeoutMs = 10_000, signal }: { timeoutMs?: number; signal?: AbortSignal } = {}) {
    this.#base = base
    this.#timeoutMs = timeoutMs
    this.#signal = signal
  }

  get where(): string {
    return this.#base.href
  }

  checkpoint(): Promise<Uint8Array> {
    return this.#get('checkpoint', MAX_NOTE_BYTES)
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array> {
    const tile = await this.#tileFile(level, index, width, TILE_WIDTH * HASH_LENGTH)
    const expected = tile.full ? TILE_WIDTH : width
    if (tile.bytes.length !== expected * HASH_LENGTH)
      throw new AnswerableError(
        'bad-tile',
        `${tilePath(level, index, expected)} has ${tile.bytes.length} bytes where ${expected} hashes have ${expected * HASH_LENGTH}`,
      )
    return tile.bytes.subarray(0, width * HASH_LENGTH)
  }

  async entries(index: number, width: number): Promise<Uint8Array[]> {
    const most = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)
    const bundle = await this.#tileFile('entries', index, width, most)
    return parseBundle(bundle.bytes, bundle.full ? TILE_WIDTH : width).slice(0, width)
  }

  async close(): Promise<void> {}

  /** A log may drop a partial tile once the tile is full, so that one is asked for next. */
  async #tileFile(
    level: number | 'entries',
    index: number,
    width: number,
    most: number,
  ): Promise<{ bytes: Uint8Array; full: boolean }> {
    const full = width === TILE_WIDTH
    try {
      return { bytes: await this.#get(tilePath(level, index, width), most), full }
    } catch (error) {
      if (full || errorCode(error) !== 'not-found') throw error
      try {
        return { bytes: await this.#get(tilePath(level, index), most), full: true }
      } catch {
        throw error
      }
    }
  }

  async #get(path: string, most: number): Promise<Uint8Array> {
    const url = under(this.#base, path)
    for (const pause of PAUSES) {
      try {
        return await this.#once(url, most)
      } catch (error) {
        if (errorCode(error) !== 'unavailable' || this.#signal?.aborted) throw error
        await wait(pause)
      }
    }
    return this.#once(url, most)
  }

  #once(url: URL, most: number): Promise<Uint8Array> {
    return get(url, { most, timeoutMs: this.#timeoutMs, ...(this.#signal && { signal: this.#signal }) })
  }
}

/** The log at a URL: its own prefix, or that of a gateway, which has its log under `log/`. */
export async function findHttpLog(
  url: URL,
  options: { timeoutMs?: number; signal?: AbortSignal },
): Promise<HttpSource> {
  const source = new HttpSource(url, options)
  try {
    await source.checkpoint()
    return source
  } catch (error) {
    if (errorCode(error) !== 'not-found') throw error
    const inner = new HttpSource(under(url, 'log'), options)
    try {
      await inner.checkpoint()
      return inner
    } catch {
      throw error
    }
  }
}
