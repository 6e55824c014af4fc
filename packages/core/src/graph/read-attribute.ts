/** Reads an AttributeProto. Graphs within graphs are named and not read: nobody here follows a trace into one. */
import { AnswerableError } from '../error.ts'
import type { Attribute } from './graph.ts'
import { readTensor } from './read-tensor.ts'
import type { Wire } from './wire.ts'

const MAX_NAME_BYTES = 1024
const MAX_STRING = 65_536
const MAX_LIST = 1_000_000

/** AttributeProto.AttributeType by number, as far as values of them are read. */
const TYPES: Record<number, Attribute['type']> = {
  1: 'float',
  2: 'int',
  3: 'string',
  4: 'tensor',
  6: 'floats',
  7: 'ints',
  8: 'strings',
}
const OTHERS: Record<number, string> = { 5: 'a graph', 10: 'graphs', 9: 'tensors', 11: 'a sparse tensor' }

/** Throws `bad-model`. */
export function readAttribute(message: Wire): { name: string; attribute: Attribute } {
  let name = ''
  let number = 0
  let reference = false
  const values: { [type in Attribute['type']]?: Attribute['value'] } = {}
  const floats: number[] = []
  const ints: bigint[] = []
  const strings: string[] = []
  for (const field of message.fields()) {
    if (field.number === 1) name = message.text(field, MAX_NAME_BYTES)
    else if (field.number === 2) values.float = message.float(field)
    else if (field.number === 3) values.int = message.int(field)
    else if (field.number === 4) values.string = message.text(field, MAX_STRING)
    else if (field.number === 5) values.tensor = readTensor(message.message(field)).tensor
    else if (field.number === 7) for (const value of message.floats(field)) floats.push(value)
    else if (field.number === 8) for (const value of message.ints(field)) ints.push(value)
    else if (field.number === 9) strings.push(message.text(field, MAX_STRING))
    else if (field.number === 20) number = Number(message.int(field))
    else if (field.number === 21) reference = true
    if (floats.length > MAX_LIST || ints.length > MAX_LIST || strings.length > MAX_LIST)
      throw bad(`the attribute '${name}' is too long a list`)
  }
  if (name === '') throw bad('an attribute without a name')
  const type = TYPES[number]
  if (reference || type === undefined)
    return { name, attribute: { type: 'other', value: OTHERS[number] ?? `something of type ${number}` } }
  if (type === 'floats') return { name, attribute: { type, value: floats } }
  if (type === 'ints') return { name, attribute: { type, value: ints } }
  if (type === 'strings') return { name, attribute: { type, value: strings } }
  // Protobuf leaves a zero out.
  const zero = { float: 0, int: 0n, string: '' } as const
  const value = values[type] ?? (type === 'tensor' || type === 'other' ? undefined : zero[type])
  if (value === undefined) throw bad(`the attribute '${name}' has no value`)
  return { name, attribute: { type, value } as Attribute }
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-model', message)
}
