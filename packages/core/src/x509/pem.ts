/** PEM (RFC 7468), laxly framed and strictly decoded: text around blocks is skipped, the base64 in them is not. */
import { fromBase64 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'

export interface PemBlock {
  label: string
  bytes: Uint8Array
}

export const MAX_PEM_LENGTH = 1024 * 1024
const MOST_BLOCKS = 64
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

/** The blocks of a text, in their order. Throws `bad-encoding` and `too-large`. */
export function readPem(text: string): PemBlock[] {
  if (text.length > MAX_PEM_LENGTH)
    throw new AnswerableError('too-large', `PEM: over ${MAX_PEM_LENGTH} characters`)
  const blocks: PemBlock[] = []
  for (const [, label, body] of text.matchAll(BLOCK)) {
    if (blocks.length === MOST_BLOCKS)
      throw new AnswerableError('too-large', `PEM: over ${MOST_BLOCKS} blocks`)
    blocks.push({ label: label!, bytes: fromBase64(body!.replace(/\s+/g, '')) })
  }
  // A beginning without its end would otherwise be passed over in silence.
  if (text.split('-----BEGIN ').length - 1 !== blocks.length)
    throw new AnswerableError('truncated', 'PEM: a block has no end, or another one')
  return blocks
}

/** The certificates of a text, DER. */
export function readPemCertificates(text: string): Uint8Array[] {
  return readPem(text)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ bytes }) => bytes)
}
