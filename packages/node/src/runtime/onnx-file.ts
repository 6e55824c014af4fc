/**
 * Reads just enough of an ONNX file to know that it is all there is.
 *
 * A tensor of an ONNX model can say that its values lie in another file, and onnxruntime, given a model's bytes alone,
 * reads that file from the working directory (seen with 1.30). The digest of the model file says nothing of it, so such
 * a model could change under the same digest.
 */
import { AnswerableError } from '@answerable/core'

/** Messages within messages at most: protobuf's own limit. */
const MAX_DEPTH = 100

/** What may lead to a tensor, by field number of each message of `onnx/onnx.proto`. */
type Kind = 'model' | 'training' | 'function' | 'graph' | 'node' | 'attribute' | 'sparse' | 'tensor'
const CHILDREN: Record<Kind, Record<number, Kind>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
}
const EXTERNAL_DATA = 13
const DATA_LOCATION = 14

/** Throws `bad-format` unless `bytes` is a protobuf ModelProto that holds the values of all its tensors. */
export function assertSelfContained(bytes: Uint8Array): void {
  let graphs = 0
  const walk = (start: number, end: number, kind: Kind, depth: number): void => {
    if (depth > MAX_DEPTH) throw notOnnx()
    for (const field of fields(bytes, start, end)) {
      if (
        kind === 'tensor' &&
        (field.number === EXTERNAL_DATA || (field.number === DATA_LOCATION && field.value !== 0))
      )
        throw new AnswerableError(
          'bad-format',
          'the model keeps tensors in another file, which its digest does not cover: save it as one file',
        )
      const child = CHILDREN[kind][field.number]
      if (child === undefined) continue
      if (field.start === undefined) throw notOnnx()
      if (kind === 'model' && child === 'graph') graphs++
      walk(field.start, field.end, child, depth + 1)
    }
  }
  walk(0, bytes.length, 'model', 0)
  if (graphs === 0) throw notOnnx()
}

interface Field {
  number: number
  /** Of a varint. Beyond 2^53 inexact, but 0 only when it is 0. */
  value?: number
  /** Of a length-delimited field. */
  start?: number
  end: number
}

function* fields(bytes: Uint8Array, start: number, end: number): Generator<Field> {
  let at = start
  const varint = (): number => {
    let value = 0
    let unit = 1
    for (let i = 0; i < 10; i++) {
      if (at >= end) throw notOnnx()
      const byte = bytes[at++]!
      value += (byte & 127) * unit
      if (byte < 128) return value
      unit *= 128
    }
    throw notOnnx()
  }
  while (at < end) {
    const tag = varint()
    if (tag >= 2 ** 32) throw notOnnx()
    const number = Math.floor(tag / 8)
    const wire = tag % 8
    if (wire === 0) yield { number, value: varint(), end: at }
    else if (wire === 2) {
      const length = varint()
      const from = at
      if (length > end - from) throw notOnnx()
      at += length
      yield { number, start: from, end: at }
    } else {
      // Groups (3 and 4) are not used by ONNX.
      if (wire !== 1 && wire !== 5) throw notOnnx()
      at += wire === 1 ? 8 : 4
      if (at > end) throw notOnnx()
    }
  }
}

function notOnnx(): AnswerableError {
  return new AnswerableError('bad-format', 'not an ONNX model in protobuf form')
}
