/**
 * Writes a model as an ONNX file: a graph given as plain data becomes the bytes of a ModelProto.
 *
 * Field numbers are those of `onnx/onnx.proto` (ONNX 1.12: IR version 8, operator set 17), which every runtime of the
 * last years reads.
 */
import { Message } from './protobuf.ts'

const IR_VERSION = 8
const OPSET = 17

/** Element types by the numbers of TensorProto.DataType. */
const ELEMENT = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const

export type ElementType = keyof typeof ELEMENT

export interface OnnxModelFile {
  name: string
  doc: string
  producerVersion: string
  metadata: Record<string, string>
  inputs: OnnxValue[]
  outputs: OnnxValue[]
  initializers: OnnxInitializer[]
  nodes: OnnxNode[]
}

export interface OnnxValue {
  name: string
  type: ElementType
  /** A string names a dimension that is open. */
  shape: (number | string)[]
  doc?: string
}

export interface OnnxInitializer {
  name: string
  shape: number[]
  data: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array
}

export interface OnnxNode {
  operator: string
  inputs: string[]
  output: string
  /** Integer attributes, and element types for `Cast`. */
  attributes?: Record<string, number>
}

export function writeOnnx(model: OnnxModelFile): Uint8Array {
  const graph = new Message()
    .each(model.nodes, (to, node) => to.bytes(1, nodeProto(node)))
    .bytes(2, model.name)
    .each(model.initializers, (to, tensor) => to.bytes(5, tensorProto(tensor)))
    .bytes(10, model.doc)
    .each(model.inputs, (to, value) => to.bytes(11, valueInfoProto(value)))
    .each(model.outputs, (to, value) => to.bytes(12, valueInfoProto(value)))
  return new Message()
    .int(1, IR_VERSION)
    .bytes(2, 'answerable')
    .bytes(3, model.producerVersion)
    .bytes(6, model.doc)
    .bytes(7, graph)
    .bytes(8, new Message().bytes(1, '').int(2, OPSET))
    .each(Object.entries(model.metadata), (to, [key, value]) =>
      to.bytes(14, new Message().bytes(1, key).bytes(2, value)),
    )
    .encode()
}

/** The number that `Cast` names a type by. */
export function elementType(type: ElementType): number {
  return ELEMENT[type]
}

function nodeProto(node: OnnxNode): Message {
  return (
    new Message()
      .each(node.inputs, (to, name) => to.bytes(1, name))
      .bytes(2, node.output)
      // A node is named after its output: a dispute about one step can then name the step.
      .bytes(3, node.output)
      .bytes(4, node.operator)
      .each(Object.entries(node.attributes ?? {}), (to, [name, value]) => {
        const INT = 2
        to.bytes(5, new Message().bytes(1, name).int(3, value).int(20, INT))
      })
  )
}

function tensorProto({ name, shape, data }: OnnxInitializer): Message {
  return new Message()
    .each(shape, (to, size) => to.int(1, size))
    .int(2, ELEMENT[elementTypeOf(data)])
    .bytes(8, name)
    .bytes(9, littleEndian(data))
}

function valueInfoProto({ name, type, shape, doc }: OnnxValue): Message {
  const dimensions = new Message().each(shape, (to, size) =>
    to.bytes(1, typeof size === 'string' ? new Message().bytes(2, size) : new Message().int(1, size)),
  )
  const tensor = new Message().int(1, ELEMENT[type]).bytes(2, dimensions)
  return new Message().bytes(1, name).bytes(2, new Message().bytes(1, tensor)).bytes(3, doc)
}

function elementTypeOf(data: OnnxInitializer['data']): ElementType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Uint8Array) return 'uint8'
  if (data instanceof Int8Array) return 'int8'
  return data instanceof Int32Array ? 'int32' : 'int64'
}

/** ONNX stores raw tensors in little-endian order, whatever the machine's own. */
function littleEndian(data: OnnxInitializer['data']): Uint8Array {
  const out = new Uint8Array(data.byteLength)
  const view = new DataView(out.buffer)
  data.forEach((value: number | bigint, i: number) => {
    const at = i * data.BYTES_PER_ELEMENT
    if (typeof value === 'bigint') view.setBigInt64(at, value, true)
    else if (data instanceof Float32Array) view.setFloat32(at, value, true)
    else if (data instanceof Int32Array) view.setInt32(at, value, true)
    else view.setUint8(at, value)
  })
  return out
}
