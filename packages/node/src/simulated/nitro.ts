/**
 * Simulated: documents like those of AWS Nitro Enclaves, for examples and tests: CBOR written as wrongly as is asked for, in a
 * COSE_Sign1 under certificates made here, which nobody trusts by default.
 */
import { type KeyObject, sign } from 'node:crypto'
import { concat, utf8 } from '@answerable/core'
import { type Made, makeCertificate } from './certificates.ts'

/** Bytes that are CBOR already, for what the writer would not write. */
export class Raw {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array | string) {
    this.bytes = typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes
  }
}
/** Pairs in a list, so that a key can stand twice. */
export class Pairs {
  readonly list: readonly (readonly [Written, Written])[]
  readonly open: boolean
  constructor(list: readonly (readonly [Written, Written])[], open = false) {
    this.list = list
    this.open = open
  }
}
export type Written = number | string | boolean | null | Uint8Array | Written[] | Pairs | Raw

export function writeCbor(value: Written): Uint8Array {
  if (value instanceof Raw) return value.bytes
  if (value === null) return Uint8Array.of(0xf6)
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4)
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return concat(head(3, utf8(value).length), utf8(value))
  if (value instanceof Uint8Array) return concat(head(2, value.length), value)
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(writeCbor))
  const written = value.list.flatMap(pair => pair.map(writeCbor))
  return value.open
    ? concat(Uint8Array.of(0xbf), ...written, Uint8Array.of(0xff))
    : concat(head(5, value.list.length), ...written)
}

function head(major: number, value: number): Uint8Array {
  const first = major << 5
  if (value < 24) return Uint8Array.of(first | value)
  if (value < 256) return Uint8Array.of(first | 24, value)
  if (value < 65_536) return Uint8Array.of(first | 25, value >> 8, value & 255)
  const bytes = Buffer.alloc(value < 2 ** 32 ? 5 : 9)
  bytes[0] = first | (value < 2 ** 32 ? 26 : 27)
  if (value < 2 ** 32) bytes.writeUInt32BE(value, 1)
  else bytes.writeBigUInt64BE(BigInt(value), 1)
  return new Uint8Array(bytes)
}

export interface Authority {
  root: Made
  intermediates: Made[]
  leaf: Made
}

export const NITRO_TIME = Date.parse('2026-06-01T12:00:00Z')

/** Root, two intermediates, and a leaf of three hours. */
export function makeAuthority(leaf: Partial<Parameters<typeof makeCertificate>[0]> = {}): Authority {
  const root = makeCertificate({ subject: 'test.nitro-enclaves', ca: true })
  const zone = makeCertificate({ subject: 'zone', issuer: root, ca: true })
  const instance = makeCertificate({ subject: 'instance', issuer: zone, ca: true, pathLength: 0 })
  const made = makeCertificate({
    subject: 'enclave',
    issuer: instance,
    from: '2026-06-01T11:59:57Z',
    to: '2026-06-01T15:00:00Z',
    ...leaf,
  })
  return { root, intermediates: [zone, instance], leaf: made }
}

export function pcrsOf(values: Record<number, Uint8Array>): Pairs {
  return new Pairs(Object.entries(values).map(([index, value]) => [Number(index), value]))
}

export const PCRS: Record<number, Uint8Array> = Object.fromEntries(
  Array.from({ length: 16 }, (_, i) => [i, new Uint8Array(48).fill(i < 3 || i === 4 ? 0x10 + i : 0)]),
)

export type Fields = Record<string, Written | undefined>

export function nitroFields({ root, intermediates, leaf }: Authority, more: Fields = {}): Fields {
  return {
    module_id: 'i-0123456789abcdef0-enc0123456789abcdef',
    digest: 'SHA384',
    timestamp: NITRO_TIME - 1000,
    pcrs: pcrsOf(PCRS),
    certificate: leaf.der,
    cabundle: [root, ...intermediates].map(({ der }) => der),
    public_key: null,
    user_data: null,
    nonce: null,
    ...more,
  }
}

export function payloadOf(fields: Fields, open = false): Uint8Array {
  const pairs = Object.entries(fields).filter((pair): pair is [string, Written] => pair[1] !== undefined)
  return writeCbor(new Pairs(pairs, open))
}

export interface CoseOptions {
  /** Of the protected header. */
  algorithm?: number
  header?: Uint8Array
  unprotected?: Written
  tagged?: boolean
  digest?: string
  signature?: Uint8Array
}

export function makeCose(payload: Uint8Array, key: KeyObject, options: CoseOptions = {}): Uint8Array {
  const { algorithm = -35, unprotected = new Pairs([]), tagged = false, digest = 'sha384' } = options
  const header = options.header ?? writeCbor(new Pairs([[1, algorithm]]))
  const signed = writeCbor(['Signature1', header, new Uint8Array(), payload])
  const signature = options.signature ?? sign(digest, signed, { key, dsaEncoding: 'ieee-p1363' })
  const whole = writeCbor([header, unprotected, payload, new Uint8Array(signature)])
  return tagged ? concat(Uint8Array.of(0xd2), whole) : whole
}

export function makeNitro(authority: Authority, more: Fields = {}, options: CoseOptions = {}): Uint8Array {
  return makeCose(payloadOf(nitroFields(authority, more)), authority.leaf.privateKey, options)
}
