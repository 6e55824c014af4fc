/** Which service a token (JWT, RFC 7519) says that it is of. Nothing is believed by that; the formats look for themselves. */
import { fromBase64Url, fromUtf8 } from '../bytes.ts'
import { parseJson } from '../json.ts'
import type { JsonObject } from '../shape.ts'
import type { Format } from './format.ts'
import { CONFIDENTIAL_SPACE_ISSUER, NRAS_ISSUER } from './jwt/index.ts'

const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const MAX_BYTES = 256 * 1024

/** Formats that it may be of, the likelier first; undefined for text that is no token. */
export function tokenFormat(text: string): Format[] | undefined {
  if (!TOKEN.test(text)) return undefined
  const [head, body] = text.split('.') as [string, string]
  const header = readPart(head)
  const claims = readPart(body)
  if (header?.alg === undefined || claims === undefined) return undefined
  const { iss } = claims
  if (iss === CONFIDENTIAL_SPACE_ISSUER) return ['confidential-space']
  const has = (start: string) => Object.keys(claims).some(name => name.startsWith(start))
  if (has('x-ms-')) return ['maa']
  if (has('x-nvidia-')) return ['nras']
  if (iss === NRAS_ISSUER) return ['nras']
  if (typeof iss === 'string' && /\.attest\.azure\.[a-z]{2,3}\/?$/.test(iss)) return ['maa']
  return ['confidential-space', 'maa', 'nras']
}

function readPart(text: string): JsonObject | undefined {
  try {
    const value = parseJson(fromUtf8(fromBase64Url(text)), { maxBytes: MAX_BYTES, maxDepth: 16 })
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined
  } catch {
    return undefined
  }
}
