/**
 * Writes Protocol Buffers messages (the wire format of proto2 and proto3): just what an ONNX file needs.
 *
 * Fields are written in the order given and nothing is left to a library's choice, so the bytes are a function of the
 * calls alone.
 */
import { concat, utf8 } from '@answerable/core'

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

export class Message {
  readonly #parts: Uint8Array[] = []

  /** An integer or enum field: a safe integer, not negative. */
  int(field: number, value: number): this {
    this.#tag(field, VARINT)
    this.#parts.push(varint(value))
    return this
  }

  /** A signed integer field. */
  int64(field: number, value: bigint): this {
    this.#tag(field, VARINT)
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, value)
    while (rest >= 128n) {
      bytes.push(Number(rest & 127n) + 128)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#parts.push(Uint8Array.from(bytes))
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED32)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    this.#parts.push(bytes)
    return this
  }

  /** A string, bytes or message field; an absent string is left out. */
  bytes(field: number, value: Uint8Array | Message | string | undefined): this {
    if (value === undefined) return this
    const bytes = typeof value === 'string' ? utf8(value) : value instanceof Message ? value.encode() : value
    this.#tag(field, LENGTH_DELIMITED)
    this.#parts.push(varint(bytes.length), bytes)
    return this
  }

  /** A repeated field, one entry an item. */
  each<T>(items: Iterable<T>, write: (message: this, item: T) => void): this {
    for (const item of items) write(this, item)
    return this
  }

  encode(): Uint8Array {
    return concat(...this.#parts)
  }

  #tag(field: number, wire: number): void {
    this.#parts.push(varint(field * 8 + wire))
  }
}

function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no unsigned safe integer`)
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
