/**
 * The private part of a record: its disclosures and the bytes asked and answered, encrypted under a key of its own
 * (AES-256-GCM). The key is used once, so the nonce can be zero; it is kept apart, in `keys.ts`.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { AnswerableError } from '@answerable/core'

/** What a part is. The numbers are on disk: never reuse one. */
export const PARTS = {
  requestDisclosure: 1,
  responseDisclosure: 2,
  modelDisclosure: 3,
  samplingDisclosure: 4,
  partiesDisclosure: 5,
  request: 6,
  response: 7,
  /** With an Idempotency-Key: its digest, and the secret that must be given again. */
  idempotency: 8,
} as const
export type Part = keyof typeof PARTS
export type Parts = Partial<Record<Part, Uint8Array>>

const NAMES = new Map<number, Part>(Object.entries(PARTS).map(([name, tag]) => [tag, name as Part]))
const NONCE = Buffer.alloc(12)
const TAG_BYTES = 16
const HEAD_BYTES = 5

/** Encrypts the parts: each `tag u8 | length u32 | bytes`, then the GCM tag over all. */
export function sealContent(key: Uint8Array, parts: readonly [Part, Uint8Array][]): Buffer {
  let length = 0
  for (const [, bytes] of parts) length += HEAD_BYTES + bytes.length
  const plain = Buffer.allocUnsafe(length)
  let at = 0
  for (const [name, bytes] of parts) {
    plain[at] = PARTS[name]
    plain.writeUInt32BE(bytes.length, at + 1)
    plain.set(bytes, at + HEAD_BYTES)
    at += HEAD_BYTES + bytes.length
  }
  const cipher = createCipheriv('aes-256-gcm', key, NONCE)
  const sealed = cipher.update(plain)
  cipher.final()
  return Buffer.concat([sealed, cipher.getAuthTag()])
}

/** Throws `corrupt` where the content is not what was sealed under this key. */
export function openContent(key: Uint8Array, sealed: Uint8Array): Parts {
  const parts: Parts = {}
  let plain: Buffer
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
    plain = Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new AnswerableError('corrupt', 'stored content does not open under its key', { cause })
  }
  for (let at = 0; at < plain.length; ) {
    const name = NAMES.get(plain[at]!)
    const end = at + HEAD_BYTES + plain.readUInt32BE(at + 1)
    if (name !== undefined) parts[name] = plain.subarray(at + HEAD_BYTES, end)
    at = end
  }
  return parts
}
