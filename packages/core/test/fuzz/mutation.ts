/** Inputs made by damaging good ones, or of nothing: the same for the same seed. */
import { concat, fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../../src/bytes.ts'

/** Whole numbers from 0 up to, and without, `below`. */
export type Random = (below: number) => number

/** mulberry32: 32 bits of state are enough to choose damage with. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const MAX_BYTES = 96 * 1024
/** Values at which lengths, counts and versions turn. */
const EDGES = [
  0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
]
/** What a reader of JSON, PEM, hex or CBOR may trip over. */
const TOKENS = [
  'null',
  'true',
  '{}',
  '[]',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":',
  '-1',
  '0.5',
  '1e999',
  '99999999999999999999',
  '""',
  '"\\ud800"',
  '"__proto__":',
  '"\\u0000"',
  '\\',
  '"',
  ',',
  ':',
  '\n',
  '\ufeff',
  '-----BEGIN CERTIFICATE-----',
  '-----END CERTIFICATE-----',
  '=',
  '0x',
  '\u202e',
].map(utf8)
/** CBOR's and DER's open lengths, long lengths and nests. */
const BINARY = [
  [0x80],
  [0x30, 0x80],
  [0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
  [0x9f],
  [0xbf],
  [0x5f],
  [0xff],
  [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  new Array(64).fill(0x81),
  new Array(64).fill(0xd2),
  [0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
].map(bytes => Uint8Array.from(bytes))

/** One input: mostly a good one with up to eight damages, now and then bytes of nothing. */
export function damaged(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (random(20) === 0) return noise(random, random(600))
  let bytes = seeds[random(seeds.length)]!
  for (let left = 1 + random(random(4) === 0 ? 8 : 2); left > 0; left--) bytes = damage(bytes, seeds, random)
  return bytes.subarray(0, MAX_BYTES)
}

function damage(bytes: Uint8Array, seeds: readonly Uint8Array[], random: Random): Uint8Array {
  // Damage to the text of a token would only be damage to its base64.
  if (bytes[0] === 0x65 && bytes[1] === 0x79 && random(10) > 1) return withinToken(bytes, seeds, random)
  const at = random(bytes.length + 1)
  const to = Math.min(bytes.length, at + 1 + random(random(2) === 0 ? 8 : 400))
  const spliced = (...parts: Uint8Array[]) => concat(bytes.subarray(0, at), ...parts)
  switch (random(10)) {
    case 0:
      return spliced()
    case 1:
      return spliced(bytes.subarray(to))
    case 2:
      return spliced(bytes.subarray(at, to), bytes.subarray(at))
    case 3:
      return spliced(noise(random, to - at), bytes.subarray(to))
    case 4:
      return spliced(TOKENS[random(TOKENS.length)]!, bytes.subarray(random(2) === 0 ? at : to))
    case 5:
      return spliced(BINARY[random(BINARY.length)]!, bytes.subarray(random(2) === 0 ? at : to))
    case 6: {
      const other = seeds[random(seeds.length)]!
      const start = random(other.length + 1)
      return spliced(other.subarray(start, start + to - at), bytes.subarray(to))
    }
    case 7:
      return edge(bytes, at, random)
    default: {
      const copy = bytes.slice()
      if (copy.length > 0) copy[at % copy.length]! ^= 1 << random(8)
      return copy
    }
  }
}

/** A number of one to eight bytes, of either order. */
function edge(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const copy = bytes.slice()
  const width = 1 << random(4)
  const value = EDGES[random(EDGES.length)]!
  const little = random(2) === 0
  for (let i = 0; i < width && at + i < copy.length; i++) {
    const shift = little ? i : width - 1 - i
    copy[at + i] = shift > 3 ? 0 : (value >>> (8 * shift)) & 255
  }
  return copy
}

function withinToken(bytes: Uint8Array, seeds: readonly Uint8Array[], random: Random): Uint8Array {
  try {
    const parts = fromUtf8(bytes).split('.')
    const i = random(parts.length)
    parts[i] = toBase64Url(damage(fromBase64Url(parts[i]!), seeds, random))
    return utf8(parts.join('.'))
  } catch {
    // It is no token any more.
    return bytes.subarray(0, random(bytes.length))
  }
}

function noise(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = random(256)
  return bytes
}
