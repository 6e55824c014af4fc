/** Reading a body with a bound on its bytes and on the silence between them. */
import { AnswerableError, concat } from '@answerable/core'
import { within } from './timing.ts'

export interface Bounds {
  maxBytes: number
  idleMs: number
}

export type Reader = ReadableStreamDefaultReader<Uint8Array>

/** The next piece. Throws `upstream-timeout`, and what the stream itself errors with. */
export function readPiece(reader: Reader, idleMs: number): ReturnType<Reader['read']> {
  return within(
    reader.read(),
    idleMs,
    () => new AnswerableError('upstream-timeout', `nothing came for ${idleMs} ms`),
  )
}

/** Collects the pieces of a body. */
export class Pieces {
  readonly #parts: Uint8Array[] = []
  readonly #most: number
  #length = 0

  constructor(most: number) {
    this.#most = most
  }

  get length(): number {
    return this.#length
  }

  /** Keeps a copy: what is checked later must not change when the caller writes into its buffer. Throws `too-large`. */
  add(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (this.#length > this.#most)
      throw new AnswerableError('too-large', `the body is over ${this.#most} bytes`)
    this.#parts.push(bytes.slice())
  }

  bytes(): Uint8Array {
    return concat(...this.#parts)
  }
}

/**
 * Reads all of a body into `pieces`, and cancels what is left of it when that fails or the signal says so: a body need
 * not end by itself, whatever became of the fetch that it came from.
 */
export async function readInto(
  pieces: Pieces,
  body: ReadableStream<Uint8Array> | null,
  idleMs: number,
  signal?: AbortSignal,
): Promise<void> {
  if (body === null) return
  const reader = body.getReader()
  const stop = () => void reader.cancel(signal!.reason).catch(() => undefined)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      const { done, value } = await readPiece(reader, idleMs)
      signal?.throwIfAborted()
      if (done) return
      pieces.add(value)
    }
  } catch (error) {
    void reader.cancel(error).catch(() => undefined)
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

export async function readAll(
  body: ReadableStream<Uint8Array> | null,
  { maxBytes, idleMs }: Bounds,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const pieces = new Pieces(maxBytes)
  await readInto(pieces, body, idleMs, signal)
  return pieces.bytes()
}
