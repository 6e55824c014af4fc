/**
 * Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) over bytes that are all in memory: every
 * field exactly as it stands, where the reader of headers passes over what is large and cuts what is long.
 */
import { fromUtf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'

/** One field of a message. `start` and `end` are of its content, for bytes, strings and messages. */
export interface WireField {
  readonly number: number
  readonly wire: number
  /** Of a varint: the 64 bits, unsigned. */
  readonly value: bigint
  readonly start: number
  readonly end: number
}

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

/** A message within the file's bytes. */
export class Wire {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** Its fields in order. Throws `bad-model` where the bytes are no message. */
  *fields(): Generator<WireField> {
    let at = this.start
    while (at < this.end) {
      const [tag, after] = this.#varint(at)
      if (tag >= 2n ** 32n || tag < 8n) throw broken(at)
      const number = Number(tag >> 3n)
      const wire = Number(tag & 7n)
      let start = after
      let end: number
      let value = 0n
      if (wire === VARINT) [value, end] = this.#varint(after)
      else if (wire === FIXED64) end = after + 8
      else if (wire === FIXED32) end = after + 4
      else if (wire === BYTES) {
        const [length, from] = this.#varint(after)
        if (length > BigInt(this.end - from)) throw broken(at)
        start = from
        end = from + Number(length)
      } else throw broken(at)
      if (end > this.end) throw broken(at)
      yield { number, wire, value, start, end }
      at = end
    }
  }

  message(field: WireField): Wire {
    if (field.wire !== BYTES) throw broken(field.start)
    return new Wire(this.bytes, field.start, field.end)
  }

  /** The bytes themselves, not a copy. */
  raw(field: WireField): Uint8Array {
    if (field.wire !== BYTES) throw broken(field.start)
    return this.bytes.subarray(field.start, field.end)
  }

  /** Strict: a name must be one text. Throws `bad-model` where it is longer than `most` bytes. */
  text(field: WireField, most: number): string {
    const bytes = this.raw(field)
    if (bytes.length > most) throw bad(`byte ${field.start}: a text of ${bytes.length} bytes`)
    try {
      return fromUtf8(bytes)
    } catch (cause) {
      throw new AnswerableError('bad-model', `byte ${field.start}: a name that is not UTF-8`, { cause })
    }
  }

  /** A signed integer of 64 bits. */
  int(field: WireField): bigint {
    if (field.wire !== VARINT) throw broken(field.start)
    return BigInt.asIntN(64, field.value)
  }

  float(field: WireField): number {
    if (field.wire !== FIXED32) throw broken(field.start)
    return this.#view(field).getFloat32(0, true)
  }

  /** One or more integers: a repeated field may be packed into one, or not. */
  ints(field: WireField): bigint[] {
    if (field.wire === VARINT) return [this.int(field)]
    const out: bigint[] = []
    if (field.wire !== BYTES) throw broken(field.start)
    for (let at = field.start; at < field.end; ) {
      const [value, after] = this.#varint(at)
      if (after > field.end) throw broken(at)
      out.push(BigInt.asIntN(64, value))
      at = after
    }
    return out
  }

  /** Like `ints`, for floats of 4 bytes. */
  floats(field: WireField): number[] {
    if (field.wire === FIXED32) return [this.float(field)]
    return this.#many(field, 4, (view, at) => view.getFloat32(at, true))
  }

  /** Like `ints`, for floats of 8 bytes. */
  doubles(field: WireField): number[] {
    if (field.wire === FIXED64) return [this.#view(field).getFloat64(0, true)]
    return this.#many(field, 8, (view, at) => view.getFloat64(at, true))
  }

  #many(field: WireField, size: number, read: (view: DataView, at: number) => number): number[] {
    if (field.wire !== BYTES || (field.end - field.start) % size !== 0) throw broken(field.start)
    const view = this.#view(field)
    const out: number[] = []
    for (let at = 0; at < view.byteLength; at += size) out.push(read(view, at))
    return out
  }

  #view({ start, end }: WireField): DataView {
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + start, end - start)
  }

  #varint(from: number): [bigint, number] {
    // Nearly every one is small; only those over 49 bits are worth a bigint.
    let value = 0
    let unit = 1
    for (let i = 0; i < 7; i++) {
      if (from + i >= this.end) throw broken(from)
      const byte = this.bytes[from + i]!
      value += (byte & 127) * unit
      if (byte < 128) return [BigInt(value), from + i + 1]
      unit *= 128
    }
    let long = BigInt(value)
    for (let i = 7; i < 10; i++) {
      if (from + i >= this.end) throw broken(from)
      const byte = this.bytes[from + i]!
      long |= BigInt(byte & 127) << BigInt(7 * i)
      if (byte < 128) return [BigInt.asUintN(64, long), from + i + 1]
    }
    throw broken(from)
  }
}

function broken(at: number): AnswerableError {
  return bad(`byte ${at}: not an ONNX model`)
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-model', message)
}
