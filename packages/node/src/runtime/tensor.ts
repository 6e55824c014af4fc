/** Tensors as the runtimes pass them around, and the datatypes of KServe v2 that they can hold. */

export interface Tensor {
  name: string
  /** KServe v2's name. */
  datatype: string
  shape: number[]
  /** Row-major, as many elements as the shape says. BOOL is a Uint8Array of 0 and 1, BYTES an array of strings. */
  data: TensorData
}

export type TensorData =
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
  | string[]

export interface Datatype {
  /** Room for this many elements. */
  allocate(length: number): TensorData
  /** Stores a JSON value at `at`, or says what it is not ("a finite number") and stores nothing useful. */
  store(data: TensorData, at: number, value: unknown): string | undefined
}

const DATATYPES = new Map<string, Datatype>([
  ['BOOL', { allocate: length => new Uint8Array(length), store: storeBoolean }],
  ['INT8', integer(Int8Array, -128, 127)],
  ['INT16', integer(Int16Array, -32768, 32767)],
  ['INT32', integer(Int32Array, -2147483648, 2147483647)],
  ['UINT8', integer(Uint8Array, 0, 255)],
  ['UINT16', integer(Uint16Array, 0, 65535)],
  ['UINT32', integer(Uint32Array, 0, 4294967295)],
  ['INT64', bigInteger(BigInt64Array, Number.MIN_SAFE_INTEGER)],
  ['UINT64', bigInteger(BigUint64Array, 0)],
  ['FP32', { allocate: length => new Float32Array(length), store: storeFloat }],
  ['FP64', { allocate: length => new Float64Array(length), store: storeFloat }],
  ['BYTES', { allocate: length => new Array<string>(length).fill(''), store: storeString }],
])

/** KServe's names of ONNX's element types. FP16 is left out: JavaScript's runtimes do not agree on its array. */
export const KSERVE_NAMES: Readonly<Partial<Record<string, string>>> = {
  bool: 'BOOL',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
}

/** Undefined for a datatype that no runtime here takes. */
export function datatypeOf(name: string): Datatype | undefined {
  return DATATYPES.get(name)
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function storeBoolean(data: TensorData, at: number, value: unknown): string | undefined {
  if (typeof value !== 'boolean') return 'true or false'
  data[at] = value ? 1 : 0
  return undefined
}

function storeFloat(data: TensorData, at: number, value: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'a finite number'
  data[at] = value
  // A finite double can be beyond FP32.
  return Number.isFinite(data[at]) ? undefined : 'a finite number in FP32'
}

function storeString(data: TensorData, at: number, value: unknown): string | undefined {
  if (typeof value !== 'string') return 'a string'
  data[at] = value
  return undefined
}

function integer(
  type: { new (length: number): TensorData; name: string },
  min: number,
  max: number,
): Datatype {
  return {
    allocate: length => new type(length),
    store(data, at, value) {
      if (!Number.isInteger(value) || (value as number) < min || (value as number) > max)
        return `an integer of ${min} to ${max}`
      data[at] = value as number
      return undefined
    },
  }
}

/** Beyond 2^53 the JSON parser has already rounded: the model would be asked something else than was sent. */
function bigInteger(type: new (length: number) => BigInt64Array | BigUint64Array, min: number): Datatype {
  return {
    allocate: length => new type(length),
    store(data, at, value) {
      if (!Number.isSafeInteger(value) || (value as number) < min)
        return `an integer of ${min} to ${Number.MAX_SAFE_INTEGER}`
      data[at] = BigInt(value as number)
      return undefined
    },
  }
}
