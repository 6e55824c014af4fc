/** Which headers pass between a caller and an upstream. */
import type { IncomingHttpHeaders } from 'node:http'

/** RFC 9110 section 7.6.1, and what describes one connection or one coding of the bytes rather than the message. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'content-encoding',
  'accept-encoding',
  'expect',
])

/** Headers for the upstream. The caller's own key goes along only where the gateway has none of its own to check. */
export function requestHeaders(headers: IncomingHttpHeaders, closed: boolean): Record<string, string> {
  const out: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || HOP.has(name) || name.startsWith('answerable-')) continue
    if (name === 'idempotency-key' || name === 'cookie' || (closed && name === 'authorization')) continue
    out[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return out
}

/** Headers for the caller, as `writeHead` takes them: name, value, name, value. Without the content type. */
export function responseHeaders(headers: Record<string, string | string[] | undefined>): string[] {
  const out: string[] = []
  for (const name in headers) {
    const value = headers[name]
    // An upstream's own receipt headers would be taken for ours.
    if (value === undefined || HOP.has(name) || name === 'content-type' || name.startsWith('answerable-'))
      continue
    if (typeof value === 'string') out.push(name, value)
    else for (const one of value) out.push(name, one)
  }
  return out
}

export function one(value: string | string[] | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : (value[0] ?? '')
}
