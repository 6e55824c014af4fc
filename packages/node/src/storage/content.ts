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

/** Parts side by side, each `tag u8 | length u32 | bytes`, on their way to being encrypted. */
export class Sealing {
  #bytes: Buffer = shared
  #length = 0

  add(part: Part, bytes: Uint8Array): void {
    const start = this.#head(bytes.length)
    this.#bytes.set(bytes, start)
    this.#close(part, start, bytes.length)
  }

  /** Adds a text, which needs no buffer of its own on the way. */
  addText(part: Part, text: string): void {
    // A UTF-16 unit takes at most three bytes.
    const start = this.#head(text.length * 3)
    this.#close(part, start, this.#bytes.write(text, start))
  }

  /** Encrypts the parts: the ciphertext, then the GCM tag over all. */
  seal(key: Uint8Array): Buffer {
    const cipher = createCipheriv('aes-256-gcm', key, NONCE)
    const plain = this.#bytes.subarray(0, this.#length)
    const sealed = Buffer.allocUnsafe(this.#length + TAG_BYTES)
    sealed.set(cipher.update(plain))
    cipher.final()
    sealed.set(cipher.getAuthTag(), this.#length)
    plain.fill(0)
    return sealed
  }

  /** Makes room for a part, and says where its bytes begin. */
  #head(most: number): number {
    const start = this.#length + HEAD_BYTES
    if (start + most > this.#bytes.length) {
      // A large body comes with some small parts behind it at most.
      const larger = Buffer.allocUnsafeSlow(start + most + shared.length)
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    return start
  }

  #close(part: Part, start: number, length: number): void {
    this.#bytes[this.#length] = PARTS[part]
    this.#bytes.writeUInt32BE(length, this.#length + 1)
    this.#length = start + length
  }
}

/** Where most records are put together. Each is sealed before the next is begun. */
const shared = Buffer.allocUnsafeSlow(64 << 10)

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
