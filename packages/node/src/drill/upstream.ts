/**
 * An OpenAI-compatible upstream in this process. It says the prompt back, whole or word by word as a stream; the model
 * that is asked for says how it behaves.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '../gateway/node.ts'

/** `parrot` answers well, `parrot-dies` breaks off in mid-stream, `parrot-slow` hardly gets on. */
export type ParrotModel = 'parrot' | 'parrot-dies' | 'parrot-slow'
/** Events after which `parrot-dies` is gone. */
export const EVENTS_BEFORE_DEATH = 3
const SLOW_MS = 25
/** A slow answer ends some time, also where nobody hangs up. */
const SLOW_EVENTS = 400

export class DrillUpstream {
  readonly url: string
  /** Streams that were let go by the other side before their end. */
  hungUp = 0
  readonly #server: Server

  private constructor(url: string, server: Server) {
    this.url = url
    this.#server = server
  }

  static async open(): Promise<DrillUpstream> {
    let upstream: DrillUpstream
    const server = createServer((request, response) => {
      answer(request, response).then(
        whole => {
          if (!whole) upstream.hungUp++
        },
        () => response.destroy(),
      )
    })
    upstream = new DrillUpstream(await listen(server, '127.0.0.1', 0), server)
    return upstream
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

/** Resolves with whether the other side heard it out. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { model, stream, messages } = JSON.parse(Buffer.concat(parts).toString()) as {
    model: ParrotModel
    stream?: boolean
    messages: { content: string }[]
  }
  const text = `You said: ${messages.at(-1)?.content ?? ''}`
  if (stream !== true) {
    const message = { role: 'assistant', content: text }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: 'parrot', object: 'chat.completion', model, choices }))
    return true
  }
  response.setHeader('content-type', 'text/event-stream')
  const words = model === 'parrot-slow' ? Array<string>(SLOW_EVENTS).fill('and') : text.split(' ')
  for (const [i, word] of words.entries()) {
    if (response.destroyed) return false
    if (model === 'parrot-dies' && i === EVENTS_BEFORE_DEATH) {
      // A moment, so that what was said has left before the connection breaks.
      await sleep(SLOW_MS)
      response.destroy()
      return true
    }
    response.write(event(model, { content: `${word} ` }, null))
    await sleep(model === 'parrot-slow' ? SLOW_MS : 2)
  }
  response.write(event(model, {}, 'stop'))
  response.end('data: [DONE]\n\n')
  return true
}

function event(model: string, delta: { content?: string }, finish: 'stop' | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return `data: ${JSON.stringify({ id: 'parrot', object: 'chat.completion.chunk', model, choices })}\n\n`
}
