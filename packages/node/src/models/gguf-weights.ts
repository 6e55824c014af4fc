/**
 * Weights of a GGUF tensor as numbers, and back: F32, F16, and ggml's blocks of 32 weights with one scale in half
 * precision (Q8_0: a byte each; Q5_0 and Q4_0: 5 and 4 bits each, less 16 and 8). Scales and rounding are those by which
 * ggml's own reference quantisation is defined: the weight of largest size meets the end of the range.
 */
import { AnswerableError } from '@answerable/core'
import { BLOCKS, F16, F32, type GgufTensor, Q4_0, Q5_0, Q8_0, weightCount } from './gguf-file.ts'

const BLOCK = 32

/** A tensor's weights, in order. */
export function weightsOf(tensor: GgufTensor): Float32Array {
  const count = weightCount(tensor)
  const out = new Float32Array(count)
  const { data, type } = tensor
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  if (type === F32) for (let i = 0; i < count; i++) out[i] = view.getFloat32(4 * i, true)
  else if (type === F16) for (let i = 0; i < count; i++) out[i] = view.getFloat16(2 * i, true)
  else {
    const read = READ[type]
    if (read === undefined)
      throw new AnswerableError('bad-model', `GGUF: tensors of type ${type} are not read here`)
    const { bytes } = BLOCKS[type]!
    for (let block = 0; block * BLOCK < count; block++)
      read(view, block * bytes, out.subarray(block * BLOCK, (block + 1) * BLOCK))
  }
  return out
}

/** The data of a tensor of `type` that holds these weights, as near as the type can. */
export function dataOf(weights: Float32Array, type: number): Uint8Array {
  const block = BLOCKS[type]
  if (block === undefined || weights.length % block.weights !== 0)
    throw new AnswerableError('bad-model', `GGUF: ${weights.length} weights make no tensor of type ${type}`)
  const out = new Uint8Array((weights.length / block.weights) * block.bytes)
  const view = new DataView(out.buffer)
  if (type === F32) for (let i = 0; i < weights.length; i++) view.setFloat32(4 * i, weights[i]!, true)
  else if (type === F16) for (let i = 0; i < weights.length; i++) view.setFloat16(2 * i, weights[i]!, true)
  else
    for (let i = 0; i * BLOCK < weights.length; i++)
      WRITE[type]!(view, i * block.bytes, weights.subarray(i * BLOCK, (i + 1) * BLOCK))
  return out
}

type ReadBlock = (view: DataView, at: number, to: Float32Array) => void
type WriteBlock = (view: DataView, at: number, weights: Float32Array) => void

const READ: Readonly<Record<number, ReadBlock>> = {
  [Q8_0](view, at, to) {
    const scale = view.getFloat16(at, true)
    for (let i = 0; i < BLOCK; i++) to[i] = scale * view.getInt8(at + 2 + i)
  },
  [Q5_0](view, at, to) {
    const scale = view.getFloat16(at, true)
    const high = view.getUint32(at + 2, true)
    for (let i = 0; i < BLOCK; i++)
      to[i] = scale * ((nibble(view, at + 6, i) | (((high >>> i) & 1) << 4)) - 16)
  },
  [Q4_0](view, at, to) {
    const scale = view.getFloat16(at, true)
    for (let i = 0; i < BLOCK; i++) to[i] = scale * (nibble(view, at + 2, i) - 8)
  },
}

const WRITE: Readonly<Record<number, WriteBlock>> = {
  [Q8_0](view, at, weights) {
    const scale = Math.fround(Math.abs(furthest(weights)) / 127)
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    view.setFloat16(at, scale, true)
    for (let i = 0; i < BLOCK; i++) {
      const level = Math.fround(weights[i]! * inverse)
      // Halves go away from zero, as C's round does and JavaScript's does not.
      view.setInt8(at + 2 + i, Math.sign(level) * Math.floor(Math.abs(level) + 0.5))
    }
  },
  [Q5_0](view, at, weights) {
    const levels = levelsOf(view, at, weights, 16)
    let high = 0
    for (let i = 0; i < BLOCK; i++) high |= (levels[i]! >> 4) << i
    view.setUint32(at + 2, high >>> 0, true)
    writeNibbles(view, at + 6, levels)
  },
  [Q4_0](view, at, weights) {
    writeNibbles(view, at + 2, levelsOf(view, at, weights, 8))
  },
}

/** Writes a block's scale, and gives each weight's level: 0 to 2 × `half` - 1, where the furthest weight is at 0. */
function levelsOf(view: DataView, at: number, weights: Float32Array, half: number): Uint8Array {
  const scale = Math.fround(furthest(weights) / -half)
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
  view.setFloat16(at, scale, true)
  return Uint8Array.from(weights, weight =>
    Math.min(2 * half - 1, Math.floor(Math.fround(Math.fround(weight * inverse) + half + 0.5))),
  )
}

/** The weight of the largest size, with its sign. */
function furthest(weights: Float32Array): number {
  let most = 0
  for (const weight of weights) if (Math.abs(weight) > Math.abs(most)) most = weight
  return most
}

/** Of the 16 bytes from `at`: the low halves hold the first 16 weights, the high halves the others. */
function nibble(view: DataView, at: number, i: number): number {
  const byte = view.getUint8(at + (i % 16))
  return i < 16 ? byte & 15 : byte >> 4
}

function writeNibbles(view: DataView, at: number, levels: Uint8Array): void {
  for (let i = 0; i < 16; i++) view.setUint8(at + i, (levels[i]! & 15) | ((levels[i + 16]! & 15) << 4))
}
