/** Small pieces of HTTP that the hot path shares: reading a bounded body, and answering with JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib'
import { AnswerableError, type ErrorCode } from '@answerable/core'

const STATUS: Partial<Record<ErrorCode, number>> = {
  'bad-request': 400,
  'bad-envelope': 400,
  'bad-statement': 400,
  'bad-json': 400,
  'bad-encoding': 400,
  'bad-shape': 400,
  'bad-tile': 404,
  'duplicate-key': 400,
  'too-deep': 400,
  'not-utf8': 400,
  'out-of-time': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-entitled': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'unknown-model': 404,
  conflict: 409,
  replayed: 409,
  'erasure-refused': 409,
  'wrong-host': 421,
  'rule-forbids': 422,
  'not-agreed': 422,
  erased: 410,
  'too-large': 413,
  'too-many-requests': 429,
  'upstream-unreachable': 502,
  'upstream-broken': 502,
  'upstream-timeout': 504,
  'not-writable': 503,
  unavailable: 503,
  'rolled-back': 503,
}

/** nginx's number for a caller who left before the answer; it is in the record alone. */
export const CLIENT_CLOSED = 499

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500
}

/**
 * The body of an error, in the shape that OpenAI clients read; under /v2/ as that protocol has it: one string, with the
 * code beside it. A fault of ours says no more than that.
 */
export function errorBody(error: unknown, path = ''): { status: number; body: Buffer } {
  const known = error instanceof AnswerableError
  const code = known ? error.code : 'internal'
  const message = known
    ? error.message
    : 'an internal fault; the operator finds it in the log of this process'
  const status = statusOf(code)
  if (path.startsWith('/v2/')) return { status, body: Buffer.from(JSON.stringify({ error: message, code })) }
  const type = status < 500 ? 'invalid_request_error' : 'server_error'
  return { status, body: Buffer.from(JSON.stringify({ error: { message, type, param: null, code } })) }
}

export interface BodyBounds {
  /** Bytes, also once decoded. */
  most: number
  /** From here on until all of it is there. */
  seconds: number
  /** The caller waits to be told to go on (Expect: 100-continue). */
  goOn?: (() => void) | undefined
}

/**
 * Reads a request's body, decoded. Throws `too-large`, `bad-encoding`, `request-timeout`, and `bad-request` for one cut
 * short.
 */
export function readBody(request: IncomingMessage, { most, seconds, goOn }: BodyBounds): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = () =>
      new AnswerableError('too-large', `the request is over ${most} bytes, the most that this gateway takes`)
    if (Number(request.headers['content-length'] ?? 0) > most) return reject(tooLarge())
    goOn?.()
    const chunks: Buffer[] = []
    let length = 0
    const give = (error: AnswerableError) => {
      clearTimeout(timer)
      request.pause()
      chunks.length = 0
      reject(error)
    }
    const timer = setTimeout(() => {
      const message = `the body did not come within ${seconds} s, the most that this gateway waits`
      give(new AnswerableError('request-timeout', message))
    }, seconds * 1000)
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > most) give(tooLarge())
      else chunks.push(chunk)
    })
    request.on('end', () => {
      clearTimeout(timer)
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const encoding = request.headers['content-encoding']
      if (encoding === undefined || encoding === 'identity') resolve(body)
      else decode(body, encoding, most).then(resolve, reject)
    })
    const cutOff = () => {
      clearTimeout(timer)
      if (!request.complete) reject(new AnswerableError('bad-request', 'the request was cut off'))
    }
    request.on('error', cutOff)
    request.on('close', cutOff)
  })
}

type Decoder = (bytes: Buffer, options: ZlibOptions, done: (error: Error | null, out: Buffer) => void) => void

/** A map, since the name is the sender's, and an object would know `constructor` too. */
const DECODERS = new Map<string, Decoder>([
  ['gzip', gunzip],
  ['x-gzip', gunzip],
  ['deflate', inflate],
  ['br', brotliDecompress],
])

/** Undoes a content coding (RFC 9110 section 8.4), to at most `most` bytes. */
export function decode(bytes: Buffer, encoding: string, most: number): Promise<Buffer> {
  const decoder = DECODERS.get(encoding.trim().toLowerCase())
  if (decoder === undefined)
    return Promise.reject(
      new AnswerableError('bad-encoding', `content-encoding ${encoding.slice(0, 32)} is not known here`),
    )
  return new Promise((resolve, reject) => {
    decoder(bytes, { maxOutputLength: most }, (error, out) => {
      if (error === null) resolve(out)
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        reject(new AnswerableError('too-large', `the decoded body is over ${most} bytes`))
      else reject(new AnswerableError('bad-encoding', `the body is not ${encoding}`, { cause: error }))
    })
  })
}

/** Sends an error that has no record: one from before a call was admitted. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { status, body } = errorBody(error, request.url)
  const head: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': body.length,
  }
  if (status === 429 || status === 503) head['retry-after'] = 1
  if (status === 401) head['www-authenticate'] = 'Bearer'
  // The rest of a refused body is not waited for.
  if (!request.complete) head.connection = 'close'
  response.writeHead(status, head)
  response.end(body)
}
