/** Reads a TensorProto: its values stand in it, raw or in a field by type; in another file they are refused. */
import { AnswerableError } from '../error.ts'
import {
  type Elements,
  type ElementType,
  elementCount,
  elementSize,
  elementsOf,
  elementTypeOf,
  makeElements,
  type Tensor,
} from './tensor.ts'
import type { Wire, WireField } from './wire.ts'

const MAX_NAME_BYTES = 1024
const MAX_DIMENSIONS = 64

/** Throws `bad-model`. */
export function readTensor(message: Wire): { name: string; tensor: Tensor } {
  let name = ''
  let number = 0
  const dims: number[] = []
  let raw: Uint8Array | undefined
  const fields: WireField[] = []
  for (const field of message.fields()) {
    if (field.number === 1) dims.push(...message.ints(field).map(Number))
    else if (field.number === 2) number = Number(message.int(field))
    else if (field.number === 3) throw bad('a stored tensor is one of several segments')
    else if (field.number === 8) name = message.text(field, MAX_NAME_BYTES)
    else if (field.number === 9) raw = message.raw(field)
    else if (field.number === 13 || (field.number === 14 && message.int(field) !== 0n))
      throw bad(
        'the model keeps tensors in another file, which its digest does not cover: save it as one file',
      )
    else if ((field.number >= 4 && field.number <= 7) || field.number === 10 || field.number === 11)
      fields.push(field)
    if (dims.length > MAX_DIMENSIONS) throw bad('a stored tensor of more dimensions than any has')
  }
  const type = elementTypeOf(number)
  if (type === undefined)
    throw bad(`the stored tensor '${name}' has elements of type ${number}, which no trace holds`)
  const count = elementCount(dims)
  if (raw !== undefined && fields.length > 0) throw bad(`the stored tensor '${name}' has its values twice`)
  const data =
    raw === undefined ? fromFields(message, fields, type, count, name) : fromRaw(raw, type, count, name)
  return { name, tensor: { type, dims, data } }
}

function fromRaw(raw: Uint8Array, type: ElementType, count: number, name: string): Elements {
  if (raw.length !== count * elementSize(type))
    throw bad(`the stored tensor '${name}' has ${raw.length} bytes for ${count} elements of ${type}`)
  const data = elementsOf(type, raw)
  if (type === 'bool') for (let i = 0; i < count; i++) data[i] = data[i] === 0 ? 0 : 1
  return data
}

/** Which field holds values of a type, and how: small integers and float16 by their bits, in 32-bit integers. */
const FIELD: Record<ElementType, number> = {
  float32: 4,
  int8: 5,
  int16: 5,
  int32: 5,
  uint8: 5,
  uint16: 5,
  bool: 5,
  float16: 5,
  int64: 7,
  float64: 10,
  uint32: 11,
  uint64: 11,
}

function fromFields(
  message: Wire,
  fields: readonly WireField[],
  type: ElementType,
  count: number,
  name: string,
): Elements {
  const wrong = () => bad(`the stored tensor '${name}' has not the ${count} values of ${type} that it says`)
  // Counted before room is made: each value takes bytes of the file.
  let held = 0
  const parts = fields.map(field => {
    if (field.number !== FIELD[type]) throw wrong()
    const values: (number | bigint)[] =
      type === 'float32'
        ? message.floats(field)
        : type === 'float64'
          ? message.doubles(field)
          : message.ints(field)
    held += values.length
    return values
  })
  if (held !== count) throw wrong()
  const data = makeElements(type, count)
  let at = 0
  for (const values of parts)
    for (const value of values) {
      if (type === 'bool') data[at++] = value === 0n ? 0 : 1
      else if (type === 'int64') data[at++] = value
      else if (type === 'uint64') data[at++] = BigInt.asUintN(64, value as bigint)
      else {
        data[at] = Number(value)
        // A value that its type cannot hold would be read as another by another reader.
        if (typeof value === 'bigint' && data[at] !== Number(value)) throw wrong()
        at++
      }
    }
  return data
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-model', message)
}
