/**
 * What a GGUF file says of itself (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): its metadata, and of its
 * tensors how many there are, of which types, with how many weights. Versions 2 and 3, little-endian.
 */
import { type ByteSource, badModel, Cursor, HeaderCut, MAX_TEXT, textOf } from './byte-source.ts'

export interface GgufHeader {
  format: 'gguf'
  version: number
  architecture: string
  name: string
  /** As llama.cpp names it: Q4_K_M, F16 ...; by the most frequent type of tensors where the file does not say. */
  quantisation: string
  tensors: number
  /** Weights in all tensors. */
  parameters: number
  /** How many tensors have each type. */
  tensorTypes: Record<string, number>
  /** Arrays, such as a vocabulary, are shown by their length alone. */
  metadata: Record<string, string | number | boolean>
  /** False where the file goes on beyond what was at hand or is read at most. */
  complete: boolean
}

const MAGIC = 0x46554747
const MOST_METADATA = 65_536
const MOST_TENSORS = 1_048_576
/** Entries beyond these are read and not kept. */
const KEPT_METADATA = 1024
const MOST_DIMENSIONS = 8
const MOST_NAME = 65_535

/** Bytes of each type of metadata by its number; strings (8) and arrays (9) say their own. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8]
const STRING = 8
const ARRAY = 9

/** Throws `bad-model` for what is no GGUF file. */
export function readGgufHeader(source: ByteSource): GgufHeader {
  const cursor = new Cursor(source)
  const header: GgufHeader = {
    format: 'gguf',
    version: 0,
    architecture: '',
    name: '',
    quantisation: '',
    tensors: 0,
    parameters: 0,
    tensorTypes: Object.create(null),
    metadata: Object.create(null),
    complete: true,
  }
  try {
    if (cursor.u32() !== MAGIC) throw badModel('not a GGUF file')
    header.version = cursor.u32()
    if (header.version !== 2 && header.version !== 3)
      throw badModel(`GGUF of version ${header.version}; 2 and 3 are read, in little-endian`)
    header.tensors = cursor.u64()
    const entries = cursor.u64()
    if (header.tensors > MOST_TENSORS || entries > MOST_METADATA)
      throw badModel(`${header.tensors} tensors and ${entries} entries of metadata: more than any model has`)
    for (let i = 0; i < entries; i++) readEntry(cursor, header)
    for (let i = 0; i < header.tensors; i++) readTensor(cursor, header)
  } catch (error) {
    if (!(error instanceof HeaderCut)) throw error
    if (header.version === 0) throw badModel('not a GGUF file, or not enough of one')
    header.complete = false
  }
  const { metadata } = header
  header.architecture = wordOf(metadata['general.architecture'])
  header.name = wordOf(metadata['general.name'])
  header.quantisation = quantisationOf(metadata['general.file_type'], header.tensorTypes)
  return header
}

function wordOf(value: string | number | boolean | undefined): string {
  return typeof value === 'string' ? value : ''
}

function readEntry(cursor: Cursor, { metadata }: GgufHeader): void {
  const key = readName(cursor)
  const value = readValue(cursor, cursor.u32())
  if (Object.keys(metadata).length < KEPT_METADATA) metadata[key] = value
}

/** A key or a tensor's name. */
function readName(cursor: Cursor): string {
  const length = cursor.u64()
  if (length > MOST_NAME) throw badModel(`byte ${cursor.at}: a name of ${length} bytes`)
  return textOf(cursor.take(length))
}

function readText(cursor: Cursor): string {
  const length = cursor.u64()
  const text = textOf(cursor.take(Math.min(length, MAX_TEXT)))
  cursor.skip(length - Math.min(length, MAX_TEXT))
  return text
}

function readValue(cursor: Cursor, type: number): string | number | boolean {
  if (type === STRING) return readText(cursor)
  if (type === ARRAY) return `${skipArray(cursor, 0)} values`
  const size = SIZES[type]
  if (size === undefined) throw badModel(`byte ${cursor.at}: metadata of an unknown type ${type}`)
  const bytes = cursor.take(size)
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  if (type === 7) return bytes[0] !== 0
  if (type === 0) return view.getUint8(0)
  if (type === 1) return view.getInt8(0)
  if (type === 2) return view.getUint16(0, true)
  if (type === 3) return view.getInt16(0, true)
  if (type === 4) return view.getUint32(0, true)
  if (type === 5) return view.getInt32(0, true)
  if (type === 6) return view.getFloat32(0, true)
  if (type === 12) return view.getFloat64(0, true)
  const whole = type === 10 ? view.getBigUint64(0, true) : view.getBigInt64(0, true)
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole)
}

/** Passes over an array, and says how many values it has. Strings are passed over one by one. */
function skipArray(cursor: Cursor, depth: number): number {
  if (depth > 4) throw badModel(`byte ${cursor.at}: arrays within arrays within arrays`)
  const type = cursor.u32()
  const count = cursor.u64()
  if (type === STRING || type === ARRAY) {
    // Each value takes bytes of the file, so a count that is made up ends with the file, or at the bound.
    for (let i = 0; i < count; i++) {
      if (type === STRING) cursor.skip(cursor.u64())
      else skipArray(cursor, depth + 1)
    }
    return count
  }
  const size = SIZES[type]
  if (size === undefined) throw badModel(`byte ${cursor.at}: an array of an unknown type ${type}`)
  cursor.skip(count * size)
  return count
}

function readTensor(cursor: Cursor, header: GgufHeader): void {
  readName(cursor)
  const dimensions = cursor.u32()
  if (dimensions > MOST_DIMENSIONS) throw badModel(`byte ${cursor.at}: a tensor of ${dimensions} dimensions`)
  let weights = 1
  for (let i = 0; i < dimensions; i++) weights *= cursor.u64()
  const number = cursor.u32()
  const type = TENSOR_TYPES[number] ?? `type ${number}`
  cursor.u64()
  header.parameters += weights
  // An unknown type is named by a number that the file chose.
  if (header.tensorTypes[type] !== undefined || Object.keys(header.tensorTypes).length < 64)
    header.tensorTypes[type] = (header.tensorTypes[type] ?? 0) + 1
}

/** ggml_type by number. */
const TENSOR_TYPES: Record<number, string> = {
  ...named(0, 'F32 F16 Q4_0 Q4_1'),
  ...named(6, 'Q5_0 Q5_1 Q8_0 Q8_1 Q2_K Q3_K Q4_K Q5_K Q6_K Q8_K IQ2_XXS IQ2_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S'),
  ...named(22, 'IQ2_S IQ4_XS I8 I16 I32 I64 F64 IQ1_M BF16'),
  ...named(34, 'TQ1_0 TQ2_0'),
  39: 'MXFP4',
}

/** llama_ftype by number: what most tensors of a file are. */
const FILE_TYPES: Record<number, string> = {
  ...named(0, 'F32 F16 Q4_0 Q4_1'),
  ...named(
    7,
    'Q8_0 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ2_XXS IQ2_XS Q2_K_S',
  ),
  ...named(22, 'IQ3_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ3_M IQ2_S IQ2_M IQ4_XS IQ1_M BF16'),
  ...named(36, 'TQ1_0 TQ2_0 MXFP4_MOE'),
}

function named(from: number, names: string): Record<number, string> {
  return Object.fromEntries(names.split(' ').map((name, i) => [from + i, name]))
}

function quantisationOf(fileType: unknown, types: Record<string, number>): string {
  const said = typeof fileType === 'number' ? FILE_TYPES[fileType] : undefined
  if (said !== undefined) return said
  const [most] = Object.entries(types).sort(([, a], [, b]) => b - a)
  return most?.[0] ?? ''
}
