/**
 * What an ONNX file says of itself (`onnx/onnx.proto`, ModelProto), without its operators and weights: these are passed
 * over, so a model of any size is read in moments.
 */
import { type ByteSource, badModel, Cursor, HeaderCut } from './byte-source.ts'
import { ProtobufReader } from './protobuf-reader.ts'

export interface TensorInfo {
  name: string
  /** As ONNX calls it: FLOAT, INT64 ...; the kind of value for what is no tensor. */
  type: string
  /** A name for an open dimension, `?` for one without. */
  shape: (number | string)[]
}

export interface OnnxHeader {
  format: 'onnx'
  irVersion: number
  /** The standard's own operators have the domain ''. */
  opsets: { domain: string; version: number }[]
  producer: string
  producerVersion: string
  domain: string
  modelVersion: number
  description: string
  graph: string
  inputs: TensorInfo[]
  outputs: TensorInfo[]
  /** Operators and stored tensors of the main graph. */
  operators: number
  tensors: number
  metadata: Record<string, string>
  /** False where the file goes on beyond what was at hand or is read at most: then there may be more of everything. */
  complete: boolean
}

/** Inputs and outputs, opsets, metadata entries: more than that are left out. */
const MOST = 1024
const MOST_DIMENSIONS = 64

/** Throws `bad-model` for what is no ONNX file. */
export function readOnnxHeader(source: ByteSource): OnnxHeader {
  const header: OnnxHeader = {
    format: 'onnx',
    irVersion: 0,
    opsets: [],
    producer: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    description: '',
    graph: '',
    inputs: [],
    outputs: [],
    operators: 0,
    tensors: 0,
    metadata: Object.create(null),
    complete: true,
  }
  let graphs = 0
  const reader = new ProtobufReader(new Cursor(source))
  try {
    reader.file(field => {
      if (field === 1) header.irVersion = reader.number()
      else if (field === 2) header.producer = reader.text()
      else if (field === 3) header.producerVersion = reader.text()
      else if (field === 4) header.domain = reader.text()
      else if (field === 5) header.modelVersion = reader.number()
      else if (field === 6) header.description = reader.text()
      else if (field === 7) {
        if (++graphs > 1) throw badModel('an ONNX model has one graph, and here is another')
        readGraph(reader, header)
      } else if (field === 8) readOpset(reader, header)
      else if (field === 14) readMetadata(reader, header)
      else return false
      return true
    })
  } catch (error) {
    if (!(error instanceof HeaderCut)) throw error
    header.complete = false
  }
  // Any short text may be protobuf by chance; a model has a version and a graph.
  if (header.irVersion < 1 || header.irVersion > 255 || graphs === 0) throw badModel('not an ONNX model')
  return header
}

function readGraph(reader: ProtobufReader, header: OnnxHeader): void {
  reader.message(field => {
    if (field === 1) header.operators++
    else if (field === 5 || field === 15) header.tensors++
    if (field === 2) header.graph = reader.text()
    else if (field === 11) keep(header.inputs, readValue(reader))
    else if (field === 12) keep(header.outputs, readValue(reader))
    else return false
    return true
  })
}

function keep<T>(list: T[], item: T): void {
  if (list.length < MOST) list.push(item)
}

function readOpset(reader: ProtobufReader, { opsets }: OnnxHeader): void {
  const opset = { domain: '', version: 0 }
  reader.message(field => {
    if (field === 1) opset.domain = reader.text()
    else if (field === 2) opset.version = reader.number()
    else return false
    return true
  })
  keep(opsets, opset)
}

function readMetadata(reader: ProtobufReader, { metadata }: OnnxHeader): void {
  let key = ''
  let value = ''
  reader.message(field => {
    if (field === 1) key = reader.text()
    else if (field === 2) value = reader.text()
    else return false
    return true
  })
  if (Object.keys(metadata).length < MOST) metadata[key] = value
}

/** A ValueInfoProto: name, and type, of which tensors are looked into. */
function readValue(reader: ProtobufReader): TensorInfo {
  const value: TensorInfo = { name: '', type: 'UNDEFINED', shape: [] }
  reader.message(field => {
    if (field === 1) value.name = reader.text()
    else if (field === 2) readType(reader, value)
    else return false
    return true
  })
  return value
}

const KINDS: Record<number, string> = { 4: 'SEQUENCE', 5: 'MAP', 7: 'OPAQUE', 8: 'SPARSE', 9: 'OPTIONAL' }

function readType(reader: ProtobufReader, value: TensorInfo): void {
  reader.message(field => {
    if (field !== 1) {
      value.type = KINDS[field] ?? value.type
      return false
    }
    reader.message(inner => {
      if (inner === 1) value.type = ELEMENTS[reader.number()] ?? 'UNKNOWN'
      else if (inner === 2) readShape(reader, value.shape)
      else return false
      return true
    })
    return true
  })
}

/** TensorProto.DataType by number. */
const ELEMENTS = (
  'UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64 COMPLEX64 ' +
  'COMPLEX128 BFLOAT16 FLOAT8E4M3FN FLOAT8E4M3FNUZ FLOAT8E5M2 FLOAT8E5M2FNUZ UINT4 INT4 FLOAT4E2M1'
).split(' ')

function readShape(reader: ProtobufReader, shape: (number | string)[]): void {
  reader.message(field => {
    if (field !== 1) return false
    let dimension: number | string = '?'
    reader.message(inner => {
      if (inner === 1) dimension = reader.number()
      else if (inner === 2) dimension = reader.text()
      else return false
      return true
    })
    if (shape.length < MOST_DIMENSIONS) shape.push(dimension)
    return true
  })
}
