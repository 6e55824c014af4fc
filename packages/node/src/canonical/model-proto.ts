/**
 * Model files for the canonical runtime: a model with every value among its outputs, and one operator as a model by
 * itself. Names are added and nothing else, so the arithmetic is that of the model.
 */
import { concat } from '@answerable/core'
import {
  elementBytes,
  elementTypeNumber,
  type Graph,
  type GraphNode,
  type GraphValue,
  type Tensor,
} from '@answerable/core/graph'
import { Message } from '../models/protobuf.ts'

/** The model, with all that its operators make among its outputs. */
export function withAllOutputs(model: Uint8Array, graph: Graph): Uint8Array {
  const named = new Set(graph.outputs.map(({ name }) => name))
  const more = new Message()
  for (const name of madeBy(graph)) if (!named.has(name)) more.bytes(12, new Message().bytes(1, name))
  // A message that is given twice is merged, its lists one after the other: so the file itself stays as it is.
  return concat(model, new Message().bytes(7, more).encode())
}

/** The values that the runtime is asked for. What a `Constant` holds stands in the file. */
export function madeBy(graph: Graph): string[] {
  return graph.nodes
    .filter(node => node.domain !== '' || node.operator !== 'Constant')
    .flatMap(node => node.outputs.filter(name => name !== ''))
}

/** A whole graph as a model file: for graphs that are made here. */
export function graphModel(graph: Graph): Uint8Array {
  const body = new Message()
    .each(graph.nodes, (to, node) => to.bytes(1, nodeProto(node)))
    .bytes(2, graph.name)
    .each(graph.initializers, (to, { name, tensor }) => to.bytes(5, tensorProto(tensor, name)))
    .each(graph.inputs, (to, value) => to.bytes(11, valueProto(value)))
    .each(graph.outputs, (to, value) => to.bytes(12, valueProto(value)))
  return new Message()
    .int(1, graph.irVersion)
    .bytes(7, body)
    .each(Object.entries(graph.opsets), (to, [domain, version]) =>
      to.bytes(8, new Message().bytes(1, domain).int(2, version)),
    )
    .encode()
}

/** One operator alone; its inputs are inputs of the model or stored in it, as they are in the model that it is from. */
export function operatorModel(node: GraphNode, inputs: readonly (Tensor | undefined)[]): Uint8Array {
  const graph = new Message().bytes(1, nodeProto(node)).bytes(2, 'operator')
  const seen = new Set<string>()
  node.inputs.forEach((name, i) => {
    const tensor = inputs[i]
    if (tensor === undefined || seen.has(name)) return
    seen.add(name)
    if (node.constant[i]) graph.bytes(5, tensorProto(tensor, name))
    else graph.bytes(11, valueProto({ name, type: tensor.type, dims: tensor.dims }))
  })
  for (const name of node.outputs) if (name !== '') graph.bytes(12, new Message().bytes(1, name))
  return new Message()
    .int(1, 8)
    .bytes(7, graph)
    .bytes(8, new Message().bytes(1, node.domain).int(2, Math.max(1, node.version)))
    .each(node.domain === '' ? [] : [''], (to, domain) =>
      to.bytes(8, new Message().bytes(1, domain).int(2, 17)),
    )
    .encode()
}

function nodeProto(node: GraphNode): Message {
  return new Message()
    .each(node.inputs, (to, name) => to.bytes(1, name))
    .each(node.outputs, (to, name) => to.bytes(2, name))
    .bytes(3, node.name)
    .bytes(4, node.operator)
    .each(Object.entries(node.attributes), (to, [name, attribute]) => {
      const message = new Message().bytes(1, name)
      const { type, value } = attribute
      if (type === 'float') message.float(2, value).int(20, 1)
      else if (type === 'int') message.int64(3, value).int(20, 2)
      else if (type === 'string') message.bytes(4, value).int(20, 3)
      else if (type === 'tensor') message.bytes(5, tensorProto(value)).int(20, 4)
      else if (type === 'floats') message.each(value, (list, item) => list.float(7, item)).int(20, 6)
      else if (type === 'ints') message.each(value, (list, item) => list.int64(8, item)).int(20, 7)
      else if (type === 'strings') message.each(value, (list, item) => list.bytes(9, item)).int(20, 8)
      to.bytes(5, message)
    })
    .bytes(7, node.domain)
}

function tensorProto({ type, dims, data }: Tensor, name?: string): Message {
  return new Message()
    .each(dims, (to, size) => to.int(1, size))
    .int(2, elementTypeNumber(type))
    .bytes(8, name)
    .bytes(9, elementBytes(type, data))
}

function valueProto({ name, type, dims }: GraphValue): Message {
  const message = new Message().bytes(1, name)
  if (type === undefined) return message
  const tensor = new Message().int(1, elementTypeNumber(type))
  if (dims !== undefined)
    tensor.bytes(
      2,
      new Message().each(dims, (to, size) =>
        to.bytes(1, typeof size === 'number' ? new Message().int(1, size) : new Message().bytes(2, size)),
      ),
    )
  return message.bytes(2, new Message().bytes(1, tensor))
}
