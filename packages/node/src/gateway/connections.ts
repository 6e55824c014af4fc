/** The bounds that a server keeps with its connections, before and around any call. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { AnswerableError } from '@answerable/core'

export interface ConnectionBounds {
  /** Open at a time; one more is closed as it comes. */
  connections: number
  /** How long a caller may leave what was sent to them unread. */
  writeSeconds: number
}

export class Connections {
  /** Over the limit, and answers that nobody took, for the operator to see. */
  refused = 0
  unread = 0
  readonly #idleMs: number
  /** What answers last on a connection. */
  readonly #answers = new WeakMap<Socket, ServerResponse>()

  constructor(server: Server, { connections, writeSeconds }: ConnectionBounds) {
    this.#idleMs = writeSeconds * 1000
    server.maxConnections = connections
    server.on('drop', () => this.refused++)
    // Node ends a connection on which nothing moved for so long, unless its answer says otherwise.
    server.timeout = this.#idleMs
    server.on('clientError', (error, socket) => this.#refuseGarbage(error, socket as Socket))
  }

  /** Takes note of an answer that begins. A model may think for long: only bytes that nobody takes end a connection. */
  watch({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#answers.set(socket, response)
    response.on('timeout', this.#onIdle)
  }

  readonly #onIdle = (socket: Socket): void => {
    if (socket.writableLength === 0) socket.setTimeout(this.#idleMs)
    else {
      this.unread++
      socket.destroy()
    }
  }

  /** What is no request, or breaks off within one: answered plainly, and never into an answer under way. */
  #refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
    const response = this.#answers.get(socket)
    // One without a socket waits for the answer to an earlier request on the same connection.
    const begun = response !== undefined && (response.headersSent || response.socket === null)
    if (!socket.writable || (begun && !response.writableFinished)) {
      socket.destroy()
      return
    }
    const status = STATUS[error.code ?? ''] ?? '400 Bad Request'
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  }
}

/** Node's names for what a client sent that is no request, by the status that says so. */
const STATUS: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
}

/** Throws `bad-request` for a second Host: whoever stands in front may have looked at the other one (RFC 9112, 3.2). */
export function refuseTwoHosts({ rawHeaders }: IncomingMessage): void {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) throw new AnswerableError('bad-request', 'the request has more than one Host')
}
