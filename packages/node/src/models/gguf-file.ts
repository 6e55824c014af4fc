/**
 * GGUF files as data, to be read, changed and written again: for the variants of a model that tests and benches compare
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian). It holds the whole file
 * in memory, so it is for small models; what a large file says of itself is read by `readGgufHeader` of core.
 */
import { AnswerableError } from '@answerable/core'

export interface GgufFile {
  version: number
  /** In the file's order. */
  metadata: GgufEntry[]
  tensors: GgufTensor[]
}

export interface GgufEntry {
  key: string
  /** By its number: 4 is UINT32, 8 a string, 9 an array. */
  type: number
  /** The value's exact bytes. */
  bytes: Uint8Array
}

export interface GgufTensor {
  name: string
  /** ggml's order: the first is the length of a row. */
  dimensions: number[]
  /** ggml_type by number. */
  type: number
  data: Uint8Array
}

/** A type of tensor that is read and written here: so many bytes for a block of so many weights of one row. */
export interface GgufBlock {
  name: string
  weights: number
  bytes: number
}

export const F32 = 0
export const F16 = 1
export const Q4_0 = 2
export const Q5_0 = 6
export const Q8_0 = 8

export const BLOCKS: Readonly<Record<number, GgufBlock>> = {
  [F32]: { name: 'F32', weights: 1, bytes: 4 },
  [F16]: { name: 'F16', weights: 1, bytes: 2 },
  [Q4_0]: { name: 'Q4_0', weights: 32, bytes: 18 },
  [Q5_0]: { name: 'Q5_0', weights: 32, bytes: 22 },
  [Q8_0]: { name: 'Q8_0', weights: 32, bytes: 34 },
}

const MAGIC = 0x46554747
const UINT32 = 4
const STRING = 8
const ARRAY = 9
/** Bytes of a value by its type; strings and arrays say their own. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]
const ALIGNMENT = 'general.alignment'
const DEFAULT_ALIGNMENT = 32
const MOST_ENTRIES = 65_536
const MOST_DIMENSIONS = 4
const MOST_DEPTH = 4

const decoder = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/** Reads a whole file. Its parts are views of `bytes`. Throws `bad-model` for what is none, or holds other types of tensors. */
export function parseGguf(bytes: Uint8Array): GgufFile {
  const reader = new Reader(bytes)
  if (reader.u32() !== MAGIC) throw bad('not a GGUF file')
  const version = reader.u32()
  if (version !== 2 && version !== 3) throw bad(`version ${version}; 2 and 3 are read`)
  const tensorCount = reader.count('tensors')
  const entryCount = reader.count('entries of metadata')
  const metadata: GgufEntry[] = []
  for (let i = 0; i < entryCount; i++) {
    const key = reader.text()
    const type = reader.u32()
    const start = reader.at
    reader.skipValue(type, 0)
    metadata.push({ key, type, bytes: bytes.subarray(start, reader.at) })
  }
  const described: (Omit<GgufTensor, 'data'> & { offset: number })[] = []
  for (let i = 0; i < tensorCount; i++) {
    const name = reader.text()
    const dimensionCount = reader.u32()
    if (dimensionCount > MOST_DIMENSIONS) throw bad(`the tensor ${name} has ${dimensionCount} dimensions`)
    const dimensions = Array.from({ length: dimensionCount }, () => reader.u64())
    described.push({ name, dimensions, type: reader.u32(), offset: reader.u64() })
  }
  const start = aligned(reader.at, alignmentOf(metadata))
  const tensors = described.map(({ offset, ...tensor }) => {
    const length = byteLength(tensor)
    const from = start + offset
    if (!(from + length <= bytes.length)) throw bad(`the tensor ${tensor.name} goes on beyond the file`)
    return { ...tensor, data: bytes.subarray(from, from + length) }
  })
  return { version, metadata, tensors }
}

/** The bytes of a file: what `parseGguf` reads comes out the same again, where its tensors lay without gaps. */
export function writeGguf({ version, metadata, tensors }: GgufFile): Uint8Array {
  const parts: Uint8Array[] = [u32(MAGIC), u32(version), u64(tensors.length), u64(metadata.length)]
  for (const { key, type, bytes } of metadata) parts.push(...text(key), u32(type), bytes)
  const alignment = alignmentOf(metadata)
  let offset = 0
  for (const { name, dimensions, type, data } of tensors) {
    parts.push(...text(name), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset))
    offset = aligned(offset + data.length, alignment)
  }
  let at = parts.reduce((sum, part) => sum + part.length, 0)
  const pad = () => {
    const padding = new Uint8Array(aligned(at, alignment) - at)
    at += padding.length
    parts.push(padding)
  }
  for (const { data } of tensors) {
    pad()
    parts.push(data)
    at += data.length
  }
  pad()
  return Buffer.concat(parts)
}

/** Weights in a tensor. */
export function weightCount({ dimensions }: Pick<GgufTensor, 'dimensions'>): number {
  return dimensions.reduce((product, size) => product * size, 1)
}

/** `metadata` with a number under `key`: in its place where there is one, at the end otherwise. */
export function withNumber(metadata: readonly GgufEntry[], key: string, value: number): GgufEntry[] {
  const entry: GgufEntry = { key, type: UINT32, bytes: u32(value) }
  const at = metadata.findIndex(one => one.key === key)
  return at === -1 ? [...metadata, entry] : metadata.with(at, entry)
}

function byteLength(tensor: Pick<GgufTensor, 'name' | 'dimensions' | 'type'>): number {
  const block = BLOCKS[tensor.type]
  if (block === undefined)
    throw bad(`the tensor ${tensor.name} is of type ${tensor.type}, which is not read here`)
  const row = tensor.dimensions[0] ?? 1
  if (row % block.weights !== 0)
    throw bad(`the tensor ${tensor.name} is of ${block.name}, and its rows of ${row} make no whole blocks`)
  return (weightCount(tensor) / block.weights) * block.bytes
}

function alignmentOf(metadata: readonly GgufEntry[]): number {
  const entry = metadata.find(({ key }) => key === ALIGNMENT)
  if (entry === undefined) return DEFAULT_ALIGNMENT
  const { type, bytes } = entry
  const value =
    type === UINT32 ? new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true) : 0
  if (value < 1 || value > 65_536 || value % 8 !== 0) throw bad(`an alignment of ${value} bytes`)
  return value
}

function aligned(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u32(): number {
    const at = this.at
    this.#pass(4)
    return this.#view.getUint32(at, true)
  }

  u64(): number {
    const at = this.at
    this.#pass(8)
    const value = Number(this.#view.getBigUint64(at, true))
    if (!Number.isSafeInteger(value)) throw bad(`byte ${at}: a number beyond any file`)
    return value
  }

  count(of: string): number {
    const value = this.u64()
    if (value > MOST_ENTRIES) throw bad(`${value} ${of}`)
    return value
  }

  text(): string {
    const length = this.u64()
    const start = this.at
    this.#pass(length)
    try {
      return decoder.decode(this.#bytes.subarray(start, this.at))
    } catch (cause) {
      throw new AnswerableError('bad-model', `byte ${start}: a name that is not UTF-8`, { cause })
    }
  }

  skipValue(type: number, depth: number): void {
    const size = SIZES[type]
    if (size === undefined || depth > MOST_DEPTH) throw bad(`byte ${this.at}: metadata of type ${type}`)
    if (type === STRING) this.#pass(this.u64())
    else if (type === ARRAY) this.#skipArray(depth)
    else this.#pass(size)
  }

  #skipArray(depth: number): void {
    const type = this.u32()
    const count = this.u64()
    const size = SIZES[type]
    if (size === undefined) throw bad(`byte ${this.at}: an array of type ${type}`)
    // Each value takes bytes of the file, so a count that is made up ends with the file.
    if (size > 0) this.#pass(count * size)
    else for (let i = 0; i < count; i++) this.skipValue(type, depth + 1)
  }

  #pass(length: number): void {
    if (!(length <= this.#bytes.length - this.at)) throw bad(`byte ${this.at}: the file ends too early`)
    this.at += length
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}

function text(value: string): Uint8Array[] {
  const bytes = encoder.encode(value)
  return [u64(bytes.length), bytes]
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-model', `GGUF: ${message}`)
}
