/**
 * Reads an ONNX file (`onnx/onnx.proto`) into a `Graph`: all of it, strictly and within bounds, since two sides that
 * read one file differently would dispute about nothing.
 */
import { AnswerableError } from '../error.ts'
import type { Graph, GraphNode, GraphValue, Initializer } from './graph.ts'
import { readAttribute } from './read-attribute.ts'
import { readTensor } from './read-tensor.ts'
import { elementTypeOf } from './tensor.ts'
import { Wire } from './wire.ts'

export const MAX_MODEL_BYTES = 2 ** 31 - 1
/** Operators, and stored tensors. */
const MAX_ITEMS = 100_000
export const MAX_NAME_BYTES = 1024
/** Inputs, outputs and attributes of one operator. */
const MAX_PARTS = 4096
const MAX_DIMENSIONS = 64

interface RawNode {
  name: string
  operator: string
  domain: string
  inputs: string[]
  outputs: string[]
  attributes: GraphNode['attributes']
  overload: boolean
}

interface Draft {
  irVersion: number
  opsets: Record<string, number>
  name: string
  nodes: RawNode[]
  initializers: Initializer[]
  inputs: GraphValue[]
  outputs: GraphValue[]
  unsupported: string[]
}

/** Throws `bad-model` for what is no ONNX model, or not one whole and in order. */
export function readGraph(bytes: Uint8Array): Graph {
  if (bytes.length > MAX_MODEL_BYTES) throw bad(`a model of ${bytes.length} bytes`)
  const draft: Draft = {
    irVersion: 0,
    opsets: Object.create(null),
    name: '',
    nodes: [],
    initializers: [],
    inputs: [],
    outputs: [],
    unsupported: [],
  }
  let graphs = 0
  const file = new Wire(bytes)
  for (const field of file.fields()) {
    if (field.number === 1) draft.irVersion = Number(file.int(field))
    else if (field.number === 7) {
      if (++graphs > 1) throw bad('an ONNX model has one graph, and here is another')
      readMain(file.message(field), draft)
    } else if (field.number === 8) readOpset(file.message(field), draft)
    else if (field.number === 25) say(draft, 'it defines functions of its own')
  }
  if (draft.irVersion < 1 || draft.irVersion > 255 || graphs === 0) throw bad('not an ONNX model')
  return ordered(draft)
}

function readMain(main: Wire, draft: Draft): void {
  for (const field of main.fields()) {
    if (field.number === 1) keep(draft.nodes, readNode(main.message(field)), 'operators')
    else if (field.number === 2) draft.name = main.text(field, MAX_NAME_BYTES)
    else if (field.number === 5) {
      const { name, tensor } = readTensor(main.message(field))
      keep(draft.initializers, { name, tensor }, 'stored tensors')
    } else if (field.number === 11) keep(draft.inputs, readValue(main.message(field)), 'inputs')
    else if (field.number === 12) keep(draft.outputs, readValue(main.message(field)), 'outputs')
    else if (field.number === 15) say(draft, 'it stores tensors in sparse form')
  }
}

function readOpset(opset: Wire, { opsets }: Draft): void {
  let domain = ''
  let version = 0
  for (const field of opset.fields()) {
    if (field.number === 1) domain = standardDomain(opset.text(field, MAX_NAME_BYTES))
    else if (field.number === 2) version = Number(opset.int(field))
  }
  if (domain in opsets) throw bad(`the operator set '${domain}' is named twice`)
  if (version < 1 || version > 2 ** 31 || Object.keys(opsets).length >= 64)
    throw bad(`version ${version} of the operator set '${domain}'`)
  opsets[domain] = version
}

/** 'ai.onnx' is another spelling of the standard's own. */
function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain
}

function readNode(message: Wire): RawNode {
  const node: RawNode = {
    name: '',
    operator: '',
    domain: '',
    inputs: [],
    outputs: [],
    attributes: Object.create(null),
    overload: false,
  }
  const attributes: Record<string, GraphNode['attributes'][string]> = Object.create(null)
  let count = 0
  for (const field of message.fields()) {
    if (field.number === 1) keepPart(node.inputs, message.text(field, MAX_NAME_BYTES))
    else if (field.number === 2) keepPart(node.outputs, message.text(field, MAX_NAME_BYTES))
    else if (field.number === 3) node.name = message.text(field, MAX_NAME_BYTES)
    else if (field.number === 4) node.operator = message.text(field, MAX_NAME_BYTES)
    else if (field.number === 7) node.domain = standardDomain(message.text(field, MAX_NAME_BYTES))
    else if (field.number === 8) node.overload = field.end > field.start
    else if (field.number === 5) {
      const { name, attribute } = readAttribute(message.message(field))
      if (name in attributes || ++count > MAX_PARTS) throw bad(`an attribute '${name}' given twice`)
      attributes[name] = attribute
    }
  }
  node.attributes = attributes
  return node
}

/** A ValueInfoProto. */
function readValue(message: Wire): GraphValue {
  let name = ''
  let type: GraphValue['type']
  let dims: (number | string)[] | undefined
  for (const field of message.fields()) {
    if (field.number === 1) name = message.text(field, MAX_NAME_BYTES)
    else if (field.number === 2) {
      const typeMessage = message.message(field)
      for (const inner of typeMessage.fields()) {
        if (inner.number !== 1) continue
        const tensor = typeMessage.message(inner)
        for (const part of tensor.fields()) {
          if (part.number === 1) type = elementTypeOf(Number(tensor.int(part)))
          else if (part.number === 2) dims = readDims(tensor.message(part))
        }
      }
    }
  }
  return { name, type, dims }
}

function readDims(shape: Wire): (number | string)[] {
  const dims: (number | string)[] = []
  for (const field of shape.fields()) {
    if (field.number !== 1) continue
    if (dims.length >= MAX_DIMENSIONS) throw bad('a value of more dimensions than any has')
    const dimension = shape.message(field)
    let size: number | string = '?'
    for (const inner of dimension.fields()) {
      if (inner.number === 1) size = Number(dimension.int(inner))
      else if (inner.number === 2) size = dimension.text(inner, MAX_NAME_BYTES) || '?'
    }
    dims.push(size)
  }
  return dims
}

/** Checks that each value is made once, and before it is used; so there is no cycle. */
function ordered(draft: Draft): Graph {
  const { irVersion, opsets, name, initializers, outputs } = draft
  const made = new Set<string>()
  const make = (value: string, what: string) => {
    if (value === '') throw bad(`${what} without a name`)
    if (made.has(value)) throw bad(`two values are called '${value}'`)
    made.add(value)
  }
  /** Those that no caller can replace: only they count as constant to a runtime. */
  const constants = new Set<string>()
  for (const initializer of initializers) {
    make(initializer.name, 'a stored tensor')
    constants.add(initializer.name)
  }
  const inputs: GraphValue[] = []
  for (const input of draft.inputs) {
    if (!constants.has(input.name)) {
      make(input.name, 'an input')
      inputs.push(input)
      if (input.type === undefined) say(draft, `its input '${input.name}' is no tensor of numbers`)
    } else if (irVersion >= 4)
      say(draft, `its stored tensor '${input.name}' is an input as well, which a caller may replace`)
  }
  const nodes = draft.nodes.map((raw, index): GraphNode => {
    for (const value of raw.inputs)
      if (value !== '' && !made.has(value))
        throw bad(
          `${raw.operator} '${raw.name}' takes '${value}', which is not made before it: not in order, or a cycle`,
        )
    for (const value of raw.outputs) if (value !== '') make(value, `an output of ${raw.operator}`)
    const isConstant = raw.domain === '' && raw.operator === 'Constant'
    if (isConstant && raw.outputs[0]) constants.add(raw.outputs[0])
    const unsupported = whyNot(raw, opsets)
    return {
      index,
      name: raw.name,
      operator: raw.operator,
      domain: raw.domain,
      version: opsets[raw.domain] ?? 0,
      inputs: raw.inputs,
      constant: raw.inputs.map(value => constants.has(value)),
      outputs: raw.outputs,
      attributes: raw.attributes,
      ...(unsupported === undefined ? {} : { unsupported }),
    }
  })
  for (const output of outputs)
    if (!made.has(output.name)) throw bad(`nothing makes the output '${output.name}'`)
  for (const node of nodes) if (node.unsupported !== undefined) say(draft, node.unsupported)
  return { irVersion, opsets, name, initializers, inputs, outputs, nodes, unsupported: draft.unsupported }
}

function whyNot(raw: RawNode, opsets: Record<string, number>): string | undefined {
  const what = `${raw.domain}${raw.domain && '.'}${raw.operator} '${raw.name || raw.outputs[0]}'`
  if (raw.overload) return `${what} is a function of the model’s own`
  if (raw.domain !== '' && raw.domain !== 'com.microsoft')
    return `${what} is of the operator set '${raw.domain}', which is not known here`
  if (opsets[raw.domain] === undefined && raw.domain === '')
    return `${what} is of an operator set that the model does not name`
  for (const [name, attribute] of Object.entries(raw.attributes))
    if (attribute.type === 'other') return `${what} has ${attribute.value} as its attribute '${name}'`
  return undefined
}

function say(draft: Draft, words: string): void {
  if (draft.unsupported.length < 100) draft.unsupported.push(words)
}

function keep<T>(list: T[], item: T, what: string): void {
  if (list.length >= MAX_ITEMS) throw bad(`more than ${MAX_ITEMS} ${what}`)
  list.push(item)
}

function keepPart(list: string[], item: string): void {
  if (list.length >= MAX_PARTS) throw bad(`an operator of more than ${MAX_PARTS} inputs or outputs`)
  list.push(item)
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-model', message)
}
