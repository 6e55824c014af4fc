/**
 * What a safetensors file says of itself (https://github.com/huggingface/safetensors#format): eight bytes of length, then
 * a JSON object of tensors. As in the reference reader, the tensors must cover the rest of the file, each byte once.
 */
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { Shape } from '../shape.ts'
import { type ByteSource, badModel, MAX_TEXT } from './byte-source.ts'

export interface SafetensorsHeader {
  format: 'safetensors'
  tensors: number
  /** Values in all tensors. */
  parameters: number
  /** How many tensors have each type: F32, BF16, I8 ... */
  tensorTypes: Record<string, number>
  metadata: Record<string, string>
  complete: true
}

/** The reference reader takes 100 MB; real headers, of a tensor a line, are a few hundred kilobytes. */
export const MAX_SAFETENSORS_HEADER = 16 * 1024 * 1024
const MOST_DIMENSIONS = 64
const MOST_METADATA = 1024
const shape = new Shape('bad-model')

/** Throws `bad-model`: also for a header that is over the bound, or not at hand. */
export function readSafetensorsHeader(source: ByteSource): SafetensorsHeader {
  const head = source.read(0, 8)
  if (head.length < 8) throw badModel('not a safetensors file: it has no header')
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true))
  if (length > MAX_SAFETENSORS_HEADER || length > source.size - 8)
    throw badModel(`not a safetensors file: a header of ${length} bytes`)
  const bytes = source.read(8, length)
  if (bytes.length < length) throw badModel('the header of this safetensors file is not at hand')
  // The format asks for the brace at once; what follows may be padded with spaces.
  if (bytes[0] !== 0x7b) throw badModel('not a safetensors file: its header is no JSON object')
  let root: unknown
  try {
    root = parseJson(bytes, { maxBytes: MAX_SAFETENSORS_HEADER, maxDepth: 4, maxKeys: 1 << 20 })
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    throw new AnswerableError('bad-model', `the header of this safetensors file: ${cause.message}`, { cause })
  }
  return headerOf(root, source.size - 8 - length)
}

function headerOf(root: unknown, dataBytes: number): SafetensorsHeader {
  const header: SafetensorsHeader = {
    format: 'safetensors',
    tensors: 0,
    parameters: 0,
    tensorTypes: Object.create(null),
    metadata: Object.create(null),
    complete: true,
  }
  const ranges: [number, number][] = []
  for (const [name, value] of Object.entries(shape.object(root, 'header'))) {
    const where = JSON.stringify(name.slice(0, 100))
    const fields = shape.object(value, where)
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(fields).slice(0, MOST_METADATA))
        header.metadata[key.slice(0, 256)] = shape
          .string(text, `metadata ${JSON.stringify(key.slice(0, 100))}`, MAX_SAFETENSORS_HEADER)
          .slice(0, MAX_TEXT)
      continue
    }
    const type = shape.string(fields.dtype, `${where}.dtype`, 16, /^[A-Z0-9_]+$/, 'the name of a type')
    const dimensions = shape.array(fields.shape, `${where}.shape`, MOST_DIMENSIONS)
    const offsets = shape.array(fields.data_offsets, `${where}.data_offsets`, 2)
    const start = shape.count(offsets[0], `${where}.data_offsets[0]`)
    const end = shape.count(offsets[1], `${where}.data_offsets[1]`)
    if (start > end || end > dataBytes)
      shape.fail(`${where}.data_offsets`, 'a range of bytes within the file')
    ranges.push([start, end])
    header.tensors++
    header.parameters += dimensions.reduce<number>((product, size) => product * shape.count(size, where), 1)
    if (header.tensorTypes[type] !== undefined || Object.keys(header.tensorTypes).length < 64)
      header.tensorTypes[type] = (header.tensorTypes[type] ?? 0) + 1
  }
  expectWhole(ranges, dataBytes)
  return header
}

/** Bytes that no tensor has, or two, could hold something else. */
function expectWhole(ranges: [number, number][], dataBytes: number): void {
  let at = 0
  for (const [start, end] of ranges.sort(([a, b], [c, d]) => a - c || b - d)) {
    if (start !== at)
      throw badModel(`the tensors of this safetensors file leave out or share byte ${Math.min(at, start)}`)
    at = end
  }
  if (at !== dataBytes) throw badModel(`byte ${at} of this safetensors file's data is in no tensor`)
}
