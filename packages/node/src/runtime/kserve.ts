/**
 * The JSON of the Open Inference Protocol (KServe v2): requests checked against a model's tensors, and responses.
 *
 * A request is refused with a message that says where and why, before the model sees any of it. Members that the
 * protocol does not name are let pass, as clients send some; parameters that ask for another form of answer than is
 * given (binary tensors, shared memory, classification) are refused.
 */
import { AnswerableError } from '@answerable/core'
import type { ModelDescription, TensorSpec } from './runtime.ts'
import { datatypeOf, elementCount, type Tensor, type TensorData } from './tensor.ts'

/** A request with this header carries binary tensors after its JSON: see `refuseBinary`. */
export const BINARY_HEADER = 'inference-header-content-length'

export interface InferLimits {
  /** The first dimension, where it is open. */
  maxRows: number
  /** Elements of one tensor. */
  maxElements: number
}

export const DEFAULT_LIMITS: InferLimits = { maxRows: 1024, maxElements: 1 << 22 }

export interface InferRequest {
  id?: string
  /** All of the model's inputs, in the model's order. */
  inputs: Tensor[]
  /** The outputs asked for, when not all. */
  outputs?: string[]
}

export interface InferResponse {
  model_name: string
  model_version: string
  id?: string
  outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[]
}

export interface ModelMetadata {
  name: string
  versions: string[]
  platform: string
  inputs: TensorSpec[]
  outputs: TensorSpec[]
}

type Members = Record<string, unknown>

/** Reads a parsed request body for `model`. Throws `bad-request`. */
export function parseInferRequest(
  body: unknown,
  model: Pick<ModelDescription, 'inputs' | 'outputs'>,
  limits: InferLimits = DEFAULT_LIMITS,
): InferRequest {
  if (!isObject(body)) throw bad('the request body is not a JSON object')
  const { id, inputs, outputs } = body
  if (id !== undefined && typeof id !== 'string') throw bad('id is not a string')
  checkParameters(body, 'the request')
  if (!Array.isArray(inputs)) throw bad(inputs === undefined ? 'inputs is missing' : 'inputs is not an array')

  const specs = model.inputs ?? []
  const given = new Map<string, Tensor>()
  inputs.forEach((input: unknown, i) => {
    if (!isObject(input)) throw bad(`inputs[${i}] is not an object`)
    if (typeof input.name !== 'string') throw bad(`inputs[${i}].name is not a string`)
    const spec = specs.find(({ name }) => name === input.name)
    if (spec === undefined)
      throw bad(`unknown input ${quote(input.name)}; the model takes ${specs.map(s => s.name).join(', ')}`)
    if (given.has(spec.name)) throw bad(`input ${quote(spec.name)} is given twice`)
    given.set(spec.name, parseTensor(input, spec, limits))
  })
  const missing = specs.filter(({ name }) => !given.has(name)).map(({ name }) => quote(name))
  if (missing.length > 0) throw bad(`missing input${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`)

  const request: InferRequest = { inputs: specs.map(({ name }) => given.get(name)!) }
  if (id !== undefined) request.id = id
  const wanted = parseOutputs(outputs, model.outputs ?? [])
  if (wanted.length > 0) request.outputs = wanted
  return request
}

/** Throws `bad-request` where the value of the header `BINARY_HEADER` is present. */
export function refuseBinary(header: string | null | undefined): void {
  if (header !== undefined && header !== null) throw bad(`${BINARY}: ${BINARY_HEADER} is set`)
}

/** Throws `internal` for an output that JSON cannot carry: not a number, infinite, or an integer beyond 2^53. */
export function inferResponse(
  model: Pick<ModelDescription, 'name' | 'version'>,
  outputs: readonly Tensor[],
  id?: string,
): InferResponse {
  return {
    model_name: model.name,
    model_version: model.version,
    ...(id === undefined ? {} : { id }),
    outputs: outputs.map(({ name, datatype, shape, data }) => ({
      name,
      datatype,
      shape,
      data: jsonData(name, datatype, data),
    })),
  }
}

export function modelMetadata(model: ModelDescription): ModelMetadata {
  return {
    name: model.name,
    versions: [model.version],
    platform: 'onnxruntime_onnx',
    inputs: model.inputs ?? [],
    outputs: model.outputs ?? [],
  }
}

function parseTensor(input: Members, spec: TensorSpec, limits: InferLimits): Tensor {
  const { name, datatype } = spec
  const where = `input ${quote(name)}`
  checkParameters(input, where)
  if (typeof input.datatype !== 'string') throw bad(`${where}: datatype is not a string`)
  if (input.datatype !== datatype)
    throw bad(`${where}: datatype ${quote(input.datatype)} where the model takes ${datatype}`)
  const shape = parseShape(input.shape, spec, limits, where)
  if (!Array.isArray(input.data))
    throw bad(`${where}: data ${input.data === undefined ? 'is missing' : 'is not an array'}`)
  return { name, datatype, shape, data: parseData(input.data, datatype, shape, where) }
}

function parseShape(value: unknown, spec: TensorSpec, limits: InferLimits, where: string): number[] {
  if (!Array.isArray(value) || !value.every(size => Number.isSafeInteger(size) && size >= 0))
    throw bad(`${where}: shape is not an array of non-negative integers`)
  const shape = value as number[]
  const fits =
    shape.length === spec.shape.length && spec.shape.every((size, i) => size < 0 || size === shape[i])
  if (!fits) {
    const expected = spec.shape.map(size => (size < 0 ? 'any' : size)).join(', ')
    throw bad(`${where}: shape [${shape.slice(0, 16).join(', ')}] where the model takes [${expected}]`)
  }
  if (spec.shape[0] === -1 && shape[0]! > limits.maxRows)
    throw bad(`${where}: ${shape[0]} rows where at most ${limits.maxRows} are taken`)
  const count = elementCount(shape)
  if (count === 0) throw bad(`${where}: shape [${shape.join(', ')}] has no elements`)
  if (count > limits.maxElements)
    throw bad(`${where}: ${count} elements where at most ${limits.maxElements} are taken`)
  return [...shape]
}

/** `data` flat, or nested exactly as the shape says. */
function parseData(data: unknown[], datatype: string, shape: readonly number[], where: string): TensorData {
  const type = datatypeOf(datatype)
  if (type === undefined) throw bad(`${where}: datatype ${datatype} is not supported`)
  const flat = shape.length > 1 && Array.isArray(data[0]) ? flatten(data, shape, where) : data
  const count = elementCount(shape)
  if (flat.length !== count)
    throw bad(`${where}: ${flat.length} values where the shape [${shape.join(', ')}] takes ${count}`)
  const stored = type.allocate(count)
  for (let i = 0; i < count; i++) {
    const expected = type.store(stored, i, flat[i])
    if (expected !== undefined) throw bad(`${where}: data[${i}] is not ${expected}`)
  }
  return stored
}

function flatten(data: unknown[], shape: readonly number[], where: string): unknown[] {
  let level = data
  for (let depth = 0; depth < shape.length; depth++) {
    const last = depth === shape.length - 1
    const size = shape.slice(0, depth + 1).reduce((product, n) => product * n, 1)
    if (level.length !== size || level.some(item => Array.isArray(item) === last))
      throw bad(`${where}: nested data does not have the shape [${shape.join(', ')}]`)
    if (last) break
    const rows = level as unknown[][]
    if (rows.some(row => row.length !== shape[depth + 1]))
      throw bad(`${where}: nested data does not have the shape [${shape.join(', ')}]`)
    level = rows.flat()
  }
  return level
}

function parseOutputs(value: unknown, specs: readonly TensorSpec[]): string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw bad('outputs is not an array')
  const names: string[] = []
  value.forEach((output: unknown, i) => {
    if (!isObject(output)) throw bad(`outputs[${i}] is not an object`)
    const { name } = output
    if (typeof name !== 'string') throw bad(`outputs[${i}].name is not a string`)
    if (!specs.some(spec => spec.name === name))
      throw bad(`unknown output ${quote(name)}; the model gives ${specs.map(s => s.name).join(', ')}`)
    if (names.includes(name)) throw bad(`output ${quote(name)} is asked for twice`)
    checkParameters(output, `output ${quote(name)}`)
    names.push(name)
  })
  return names
}

const BINARY = 'binary tensor data is not supported, send and ask for tensors as JSON'

/** Parameters that ask for another form of tensor, or another answer, than is given. */
function checkParameters({ parameters }: Members, where: string): void {
  if (parameters === undefined) return
  if (!isObject(parameters)) throw bad(`${where}: parameters is not an object`)
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith('binary_data') && value !== false) throw bad(`${BINARY}: ${where} has ${quote(name)}`)
    if (name.startsWith('shared_memory') || name.startsWith('sequence_') || name === 'classification')
      throw bad(`${where}: the parameter ${quote(name)} is not supported`)
  }
}

function jsonData(name: string, datatype: string, data: TensorData): unknown[] {
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, value => value !== 0)
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Array.from(data, (value, i) => {
      const number = Number(value)
      if (!Number.isSafeInteger(number))
        throw new AnswerableError(
          'internal',
          `the model gave ${value} for ${name}[${i}], which JSON would round`,
        )
      return number
    })
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const at = data.findIndex(value => !Number.isFinite(value))
    if (at >= 0) throw new AnswerableError('internal', `the model gave ${data[at]} for ${name}[${at}]`)
  }
  return Array.from<unknown>(data)
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names come from the request, so no more of one is repeated than helps. */
function quote(name: string): string {
  return name.length > 64 ? `'${name.slice(0, 64)}…'` : `'${name}'`
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-request', message)
}
