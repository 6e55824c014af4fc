/** Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) field by field from a cursor. */
import { badModel, type Cursor, MAX_TEXT, textOf } from './byte-source.ts'

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

export class ProtobufReader {
  readonly #cursor: Cursor
  /** The wire type of the field that is being read. */
  #wire = BYTES

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  /** Every field of the whole file; `read` says whether it took the one that it is told of, and others are passed over. */
  file(read: (field: number) => boolean): void {
    this.#fields(this.#cursor.size, read)
  }

  /** Every field of the message that is the field being read. */
  message(read: (field: number) => boolean): void {
    this.#fields(this.#end(), read)
  }

  /** Cut where it is long. */
  text(): string {
    const end = this.#end()
    const text = textOf(this.#cursor.take(Math.min(end - this.#cursor.at, MAX_TEXT)))
    this.#cursor.skip(end - this.#cursor.at)
    return text
  }

  /** Beyond 2^53 not exact; a negative number is -1. */
  number(): number {
    if (this.#wire !== VARINT) throw this.#broken()
    const value = this.#varint()
    return value >= 2 ** 63 ? -1 : value
  }

  #fields(end: number, read: (field: number) => boolean): void {
    const cursor = this.#cursor
    while (cursor.at < end) {
      const tag = this.#varint()
      const field = Math.floor(tag / 8)
      this.#wire = tag % 8
      if (field < 1 || field >= 2 ** 29) throw this.#broken()
      if (!read(field)) this.#pass()
      if (cursor.at > end) throw this.#broken()
    }
  }

  #pass(): void {
    if (this.#wire === VARINT) this.#varint()
    else if (this.#wire === FIXED64) this.#cursor.skip(8)
    else if (this.#wire === FIXED32) this.#cursor.skip(4)
    else this.#cursor.skip(this.#end() - this.#cursor.at)
  }

  /** Where the bytes that begin here end. Groups (wire types 3 and 4) are used by no format that is read here. */
  #end(): number {
    if (this.#wire !== BYTES) throw this.#broken()
    const length = this.#varint()
    if (length > this.#cursor.size - this.#cursor.at) throw this.#broken()
    return this.#cursor.at + length
  }

  #varint(): number {
    let value = 0
    let unit = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.#cursor.u8()
      value += (byte & 127) * unit
      if (byte < 128) return value
      unit *= 128
    }
    throw this.#broken()
  }

  #broken() {
    return badModel(`byte ${this.#cursor.at}: not an ONNX model`)
  }
}
