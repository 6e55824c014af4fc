/**
 * A body that is handed on as it comes and errors at its end where its record does not hold. Of server-sent events the
 * closing one is held back until then, because clients act on it and stop reading: the OpenAI SDK does at `[DONE]`.
 */
import { concat } from '@answerable/core'
import { ChunkSplitter } from '@answerable/core/statement'
import { type Pieces, type Reader, readPiece } from './bounded.ts'

export interface StreamHandlers {
  /** All has come: rejects where it must not be believed. */
  ended(): Promise<void>
  /** The body broke off. Gives the error that the caller gets. */
  broken(error: unknown): Promise<unknown>
  /** The caller wants no more. */
  cancelled(reason: unknown): void
}

/** The events that close a stream in the OpenAI protocols. */
const LAST = /^(?:data: ?\[DONE\]|event: ?response\.(?:completed|failed|incomplete)\r?\n)/
const latin1 = new TextDecoder('latin1')

/** `events`: whether these are server-sent events. Reads ahead of the caller by nothing. */
export function checkedStream(
  body: ReadableStream<Uint8Array>,
  { events, pieces, idleMs }: { events: boolean; pieces: Pieces; idleMs: number },
  handlers: StreamHandlers,
): ReadableStream<Uint8Array> {
  const reader: Reader = body.getReader()
  const gate = events ? new EventGate() : new OpenGate()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const { done, value } = await readPiece(reader, idleMs)
            if (done) break
            pieces.add(value)
            const passed = gate.push(value)
            if (passed.length === 0) continue
            // The caller's own, to do with as it likes.
            controller.enqueue(passed)
            return
          }
        } catch (error) {
          void reader.cancel(error).catch(() => undefined)
          controller.error(await handlers.broken(error))
          return
        }
        try {
          await handlers.ended()
        } catch (error) {
          controller.error(error)
          return
        }
        const rest = gate.end()
        if (rest.length > 0) controller.enqueue(rest)
        controller.close()
      },
      cancel(reason) {
        handlers.cancelled(reason)
        void reader.cancel(reason).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Lets whole events pass, except one that closes the stream. */
class EventGate {
  readonly #splitter = new ChunkSplitter()
  #held: Uint8Array[] = []

  push(bytes: Uint8Array): Uint8Array {
    const out: Uint8Array[] = []
    for (const event of this.#splitter.push(bytes)) {
      // Something after what looked like the last event: then it was not the last.
      out.push(...this.#held)
      this.#held = []
      if (LAST.test(latin1.decode(event.subarray(0, 64)))) this.#held.push(event.slice())
      else out.push(event)
    }
    return concat(...out)
  }

  end(): Uint8Array {
    return concat(...this.#held, this.#splitter.end() ?? new Uint8Array(0))
  }
}

class OpenGate {
  push(bytes: Uint8Array): Uint8Array {
    return bytes.slice()
  }

  end(): Uint8Array {
    return new Uint8Array(0)
  }
}
