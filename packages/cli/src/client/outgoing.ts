/** A request on its way out: whatever form its body has, the exact bytes sent are known before they are. */
import { AnswerableError, utf8 } from '@answerable/core'
import { type Bounds, readAll } from './bounded.ts'
import type { Fetch } from './options.ts'

type Input = Parameters<Fetch>[0]
type Init = NonNullable<Parameters<Fetch>[1]>

export interface Outgoing {
  method: string
  url: URL
  headers: Headers
  signal: AbortSignal | undefined
  /** The bytes as a gateway records them: after content-decoding. */
  request: Uint8Array
  /** Node's way to say through which sockets; the receipt is fetched through the same. */
  dispatcher?: unknown
  send(fetch: Fetch, signal: AbortSignal): Promise<Response>
}

/** Where and how a request goes, before its body is looked at. */
export function targetOf(input: Input, init: Init | undefined): { method: string; url: string } {
  const method = init?.method ?? (isRequest(input) ? input.method : 'GET')
  return {
    // The names that fetch itself writes in capitals; `patch` is another method than `PATCH`.
    method: /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method,
    url: new URL(isRequest(input) ? input.url : String(input), baseUrl()).href,
  }
}

/** Throws `too-large`, `bad-encoding` for a content coding that is not known, and what `Request` itself throws. */
export async function outgoing(input: Input, init: Init | undefined, bounds: Bounds): Promise<Outgoing> {
  const { method, url } = targetOf(input, init)
  const asked = isRequest(input) ? input : undefined
  const headers = new Headers(init?.headers ?? asked?.headers)
  const { body, bytes } = await bodyOf(input, init, headers, bounds)
  if (bytes.length > bounds.maxBytes)
    throw new AnswerableError('too-large', `the request is over ${bounds.maxBytes} bytes`)
  const encoding = headers.get('content-encoding')
  const redirect = (init?.redirect ?? asked?.redirect) === 'error' ? 'error' : 'manual'
  const dispatcher = (init as { dispatcher?: unknown } | undefined)?.dispatcher
  return {
    method,
    url: new URL(url),
    headers,
    signal: init?.signal ?? asked?.signal ?? undefined,
    request: encoding === null || encoding === 'identity' ? bytes : await decoded(bytes, encoding, bounds),
    ...(dispatcher !== undefined && { dispatcher }),
    send(fetch, signal) {
      // A redirected call is another call, to somebody else perhaps, so it is never followed silently.
      const settled = {
        ...init,
        method,
        headers,
        signal,
        redirect,
        ...(body !== undefined && { body }),
      } as Init
      return asked === undefined ? fetch(input, settled) : fetch(new Request(asked, settled))
    },
  }
}

/** The bytes, and the body to give to fetch in place of the caller's; undefined where there is none. */
async function bodyOf(input: Input, init: Init | undefined, headers: Headers, bounds: Bounds) {
  const body = init?.body ?? undefined
  // Given on as it is, because fetch derives a content type from a string.
  if (typeof body === 'string') return { body, bytes: utf8(body) }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    const view = body instanceof ArrayBuffer ? new Uint8Array(body) : body
    // Copied, because the caller may write into it while it is being sent.
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()
    return { body: bytes, bytes }
  }
  if (body === undefined && (!isRequest(input) || input.body === null))
    return { body: undefined, bytes: new Uint8Array(0) }
  const signal = init?.signal
  const carrier = new Request(isRequest(input) ? input : baseUrl() === undefined ? String(input) : input, {
    ...init,
    ...(signal && { signal }),
    duplex: 'half',
  } as Init)
  const bytes = await readAll(carrier.body, bounds)
  // A form's boundary, or a blob's type, which `Request` wrote.
  const type = carrier.headers.get('content-type')
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type)
  return { body: bytes, bytes }
}

const CODINGS: Record<string, string> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate', br: 'brotli' }

async function decoded(bytes: Uint8Array, encoding: string, bounds: Bounds): Promise<Uint8Array> {
  try {
    const format = CODINGS[encoding.trim().toLowerCase()] as ConstructorParameters<
      typeof DecompressionStream
    >[0]
    const body = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
    return await readAll(body.pipeThrough(new DecompressionStream(format)), bounds)
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    throw new AnswerableError('bad-encoding', `the request’s body is not ${encoding.slice(0, 32)}`, { cause })
  }
}

function isRequest(input: Input): input is Request {
  return typeof input === 'object' && !(input instanceof URL) && 'url' in input
}

function baseUrl(): string | undefined {
  return (globalThis as { location?: { href: string } }).location?.href
}
