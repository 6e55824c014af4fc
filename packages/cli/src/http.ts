/** Asking servers that are not trusted: every answer is bounded in bytes, in time, and to the origin asked. */
import { AnswerableError, type ErrorCode, parseJson } from '@answerable/core'
import { plain } from './output/text.ts'

export interface GetOptions {
  /** The most bytes of an answer. */
  most: number
  /** For the whole of it, with redirects. */
  timeoutMs: number
  headers?: Record<string, string>
  signal?: AbortSignal
}

const MOST_REDIRECTS = 3

/** An http(s) URL as the user gave it. Throws `bad-request`. */
export function readUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new AnswerableError(
      'bad-request',
      `${plain(text)}: expected a URL that starts with http:// or https://`,
    )
  if (url.username !== '' || url.password !== '')
    throw new AnswerableError('bad-request', 'the URL has a user name or password in it')
  return url
}

/** Whether what is sent there may be read on the way. The gateway's own module would load a web server for this. */
export function isInTheClear({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(hostname)
}

/** `path` under a URL that stands for a folder, whether or not it ends in a slash. */
export function under(base: URL, path: string): URL {
  const url = new URL(base)
  url.hash = ''
  url.search = ''
  url.pathname = `${base.pathname.replace(/\/+$/, '')}/${path}`
  return url
}

/**
 * The body of a 200 answer. Throws `unavailable`, `too-large`, `not-found` and others by the status, and `forbidden`
 * for a redirect to another origin.
 */
export async function get(url: URL, options: GetOptions): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout
  try {
    return await follow(url, options, signal)
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    if (timeout.aborted)
      throw new AnswerableError(
        'unavailable',
        `${url.origin}: no answer within ${options.timeoutMs / 1000} s`,
        {
          cause,
        },
      )
    throw new AnswerableError('unavailable', `${url.origin}: cannot be reached (${reasonOf(cause)})`, {
      cause,
    })
  }
}

async function follow(
  url: URL,
  { most, headers = {} }: GetOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let at = url
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { headers, redirect: 'manual', signal })
    const location = response.headers.get('location')
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel()
      const next = URL.parse(location, at)
      if (next?.origin !== url.origin)
        throw new AnswerableError(
          'forbidden',
          `${url.origin}: redirects to another origin; give that one's URL`,
        )
      if (redirects === MOST_REDIRECTS)
        throw new AnswerableError('unavailable', `${url.origin}: redirects on and on`)
      at = next
      continue
    }
    const bytes = await readBody(response, response.ok ? most : Math.min(most, 64 * 1024), url)
    if (response.status !== 200) throw refusalOf(response.status, bytes, at)
    return bytes
  }
}

async function readBody(response: Response, most: number, url: URL): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    // Leaving the loop cancels the rest.
    if (length > most)
      throw new AnswerableError('too-large', `${url.origin}: answers with over ${most} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const CODES: Record<number, ErrorCode> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  410: 'erased',
  429: 'too-many-requests',
}

function refusalOf(status: number, body: Uint8Array, url: URL): AnswerableError {
  const code = CODES[status] ?? (status >= 500 ? 'unavailable' : 'bad-request')
  return new AnswerableError(code, `${url.href}: ${wordsOf(body) ?? `answers with status ${status}`}`)
}

/** What a server of ours says of an error, cut short and without control characters. */
function wordsOf(body: Uint8Array): string | undefined {
  try {
    const { error } = parseJson(body, { maxDepth: 8 }) as { error?: { message?: unknown } }
    return typeof error?.message === 'string' ? plain(error.message.slice(0, 300)) : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? plain(cause.message) : 'unknown')
}
