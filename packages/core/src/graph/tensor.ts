/**
 * Tensors as the canonical arithmetic knows them: a type, dimensions and the elements in row-major order.
 *
 * What is hashed of a tensor are its elements' little-endian bytes. WebAssembly leaves the sign and the payload of a NaN
 * to the machine, so every NaN counts as the one quiet NaN: two honest machines then write the same bytes.
 */
import { AnswerableError } from '../error.ts'

export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'

/** float16 by its bits, in a Uint16Array; bool as 0 and 1, in a Uint8Array. */
export type Elements =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array

export interface Tensor {
  readonly type: ElementType
  readonly dims: readonly number[]
  /** Row-major, as many as the dimensions say. */
  readonly data: Elements
}

interface Kind {
  /** TensorProto.DataType. */
  number: number
  /** Bytes an element. */
  size: number
  make(length: number): Elements
}

const KINDS: Record<ElementType, Kind> = {
  float32: { number: 1, size: 4, make: length => new Float32Array(length) },
  uint8: { number: 2, size: 1, make: length => new Uint8Array(length) },
  int8: { number: 3, size: 1, make: length => new Int8Array(length) },
  uint16: { number: 4, size: 2, make: length => new Uint16Array(length) },
  int16: { number: 5, size: 2, make: length => new Int16Array(length) },
  int32: { number: 6, size: 4, make: length => new Int32Array(length) },
  int64: { number: 7, size: 8, make: length => new BigInt64Array(length) },
  bool: { number: 9, size: 1, make: length => new Uint8Array(length) },
  float16: { number: 10, size: 2, make: length => new Uint16Array(length) },
  float64: { number: 11, size: 8, make: length => new Float64Array(length) },
  uint32: { number: 12, size: 4, make: length => new Uint32Array(length) },
  uint64: { number: 13, size: 8, make: length => new BigUint64Array(length) },
}

export const ELEMENT_TYPES: readonly ElementType[] = Object.keys(KINDS) as ElementType[]

/** By the number of TensorProto.DataType; undefined for a type that no trace holds. */
export function elementTypeOf(number: number): ElementType | undefined {
  return ELEMENT_TYPES.find(type => KINDS[type].number === number)
}

/** The number of TensorProto.DataType. */
export function elementTypeNumber(type: ElementType): number {
  return KINDS[type].number
}

/** Bytes an element. */
export function elementSize(type: ElementType): number {
  return KINDS[type].size
}

/** Room for elements, all zero. */
export function makeElements(type: ElementType, length: number): Elements {
  return KINDS[type].make(length)
}

/** Dimensions at most, and elements of one tensor. */
export const MAX_RANK = 16
export const MAX_ELEMENTS = 2 ** 31

/** Throws `bad-model` for dimensions that no tensor here has. */
export function elementCount(dims: readonly number[]): number {
  if (dims.length > MAX_RANK) throw bad(`a tensor of ${dims.length} dimensions`)
  let count = 1
  for (const size of dims) {
    if (!Number.isSafeInteger(size) || size < 0) throw bad(`a dimension of ${size}`)
    count *= size
    if (count > MAX_ELEMENTS) throw bad(`a tensor of the shape [${dims.join(', ')}] is too large`)
  }
  return count
}

/** Throws `bad-model` where the data is not of the type, or not as long as the dimensions say. */
export function tensor(type: ElementType, dims: readonly number[], data: Elements): Tensor {
  const count = elementCount(dims)
  const expected = makeElements(type, 0)
  if (data.constructor !== expected.constructor || data.length !== count)
    throw bad(`${data.length} elements for ${type} of the shape [${dims.join(', ')}]`)
  return { type, dims: [...dims], data }
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The bytes of elements [from, to) as they are hashed: little-endian, with one NaN. A copy where it must differ. */
export function elementBytes(type: ElementType, data: Elements, from = 0, to = data.length): Uint8Array {
  const size = KINDS[type].size
  const plain = new Uint8Array(data.buffer, data.byteOffset + from * size, (to - from) * size)
  const nans = hasNan(type, data, from, to)
  if (!nans && (LITTLE_ENDIAN || size === 1)) return plain
  const bytes = plain.slice()
  if (!LITTLE_ENDIAN) swap(bytes, size)
  if (nans) oneNan(type, bytes)
  return bytes
}

/** The inverse of `elementBytes`. Throws `bad-model` where the bytes are no whole number of elements. */
export function elementsOf(type: ElementType, bytes: Uint8Array): Elements {
  const { size, make } = KINDS[type]
  if (bytes.length % size !== 0) throw bad(`${bytes.length} bytes of ${type}`)
  const data = make(bytes.length / size)
  const into = new Uint8Array(data.buffer)
  into.set(bytes)
  if (!LITTLE_ENDIAN) swap(into, size)
  return data
}

/** Whether elements [from, to) of one and [0, to - from) of another are the same to the bit, but for kinds of NaN. */
export function sameBits(
  type: ElementType,
  data: Elements,
  from: number,
  to: number,
  other: Elements,
): boolean {
  const a = elementBytes(type, data, from, to)
  const b = elementBytes(type, other, 0, to - from)
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function hasNan(type: ElementType, data: Elements, from: number, to: number): boolean {
  if (type === 'float32' || type === 'float64') {
    for (let i = from; i < to; i++) if (Number.isNaN(data[i] as number)) return true
  } else if (type === 'float16') {
    for (let i = from; i < to; i++) if (((data[i] as number) & 0x7fff) > 0x7c00) return true
  }
  return false
}

/** In little-endian bytes. */
function oneNan(type: ElementType, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const { size } = KINDS[type]
  for (let at = 0; at < bytes.length; at += size) {
    if (type === 'float32') {
      if (Number.isNaN(view.getFloat32(at, true))) view.setUint32(at, 0x7fc00000, true)
    } else if (type === 'float64') {
      if (Number.isNaN(view.getFloat64(at, true))) view.setBigUint64(at, 0x7ff8000000000000n, true)
    } else if ((view.getUint16(at, true) & 0x7fff) > 0x7c00) view.setUint16(at, 0x7e00, true)
  }
}

function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-model', message)
}
