/**
 * A model's graph as a dispute sees it: its values in one canonical order, and the operators that make them.
 *
 * The order is the file's: stored tensors, inputs, then each operator's outputs. A value's number in it is the number of
 * its leaf in a trace, so both sides of a dispute and whoever judges mean the same value by the same number.
 */
import type { ElementType, Tensor } from './tensor.ts'

export interface Graph {
  readonly irVersion: number
  /** Versions of the operator sets by domain; the standard's own is ''. */
  readonly opsets: Readonly<Record<string, number>>
  readonly name: string
  readonly initializers: readonly Initializer[]
  /** Without those that only give a stored tensor's type. */
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  /** In the file's order, in which each value is made before it is used. */
  readonly nodes: readonly GraphNode[]
  /** What keeps this graph out of a dispute, in words; empty where nothing does. */
  readonly unsupported: readonly string[]
}

export interface Initializer {
  readonly name: string
  readonly tensor: Tensor
}

export interface GraphValue {
  readonly name: string
  /** Undefined where it is no tensor of a known type. */
  readonly type: ElementType | undefined
  /** A name for an open dimension, `?` for one without; undefined where the file does not say. */
  readonly dims: readonly (number | string)[] | undefined
}

export interface GraphNode {
  readonly index: number
  /** May be empty, and need not be unique. */
  readonly name: string
  readonly operator: string
  /** '' for the standard's own. */
  readonly domain: string
  /** Of the operator set of that domain; 0 where the file names none. */
  readonly version: number
  /** '' for an input that is left out. */
  readonly inputs: readonly string[]
  /** Which inputs are stored in the file: some runtimes multiply by those in another order. */
  readonly constant: readonly boolean[]
  /** '' for an output that is left out. */
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
  /** Why nobody here can run it; absent where nothing is known against it. */
  readonly unsupported?: string
}

export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  /** A graph, or anything else that is not read. */
  | { readonly type: 'other'; readonly value: string }

/** Where a value comes from. */
export type Place =
  | { readonly kind: 'initializer'; readonly name: string; readonly index: number }
  | { readonly kind: 'input'; readonly name: string; readonly index: number }
  | { readonly kind: 'output'; readonly name: string; readonly node: number; readonly output: number }

/** Every value in canonical order. */
export function valuesOf(graph: Graph): Place[] {
  const places: Place[] = []
  graph.initializers.forEach(({ name }, index) => {
    places.push({ kind: 'initializer', name, index })
  })
  graph.inputs.forEach(({ name }, index) => {
    places.push({ kind: 'input', name, index })
  })
  for (const node of graph.nodes)
    node.outputs.forEach((name, output) => {
      if (name !== '') places.push({ kind: 'output', name, node: node.index, output })
    })
  return places
}

/** The canonical number of each value by name. */
export function valueNumbers(graph: Graph): Map<string, number> {
  return new Map(valuesOf(graph).map(({ name }, number) => [name, number]))
}

/** An integer attribute as a number, or `fallback`. Undefined where it is no safe integer. */
export function intAttribute(node: GraphNode, name: string): number | undefined {
  const attribute = node.attributes[name]
  if (attribute?.type !== 'int') return undefined
  const value = Number(attribute.value)
  return Number.isSafeInteger(value) ? value : undefined
}

/** A list of integers, or undefined where there is none. */
export function intsAttribute(node: GraphNode, name: string): number[] | undefined {
  const attribute = node.attributes[name]
  return attribute?.type === 'ints' ? attribute.value.map(Number) : undefined
}

export function floatAttribute(node: GraphNode, name: string): number | undefined {
  const attribute = node.attributes[name]
  return attribute?.type === 'float' ? attribute.value : undefined
}

export function stringAttribute(node: GraphNode, name: string): string | undefined {
  const attribute = node.attributes[name]
  return attribute?.type === 'string' ? attribute.value : undefined
}

const CONSTANT_FORMS: readonly string[] = ['value', 'value_float', 'value_floats', 'value_int', 'value_ints']

/** What a `Constant` holds; undefined for any other operator, and for text. */
export function constantOf(node: GraphNode): Tensor | undefined {
  if (node.domain !== '' || node.operator !== 'Constant') return undefined
  const attribute = CONSTANT_FORMS.map(name => node.attributes[name]).find(each => each !== undefined)
  if (attribute === undefined) return undefined
  const { type, value } = attribute
  if (type === 'tensor') return value
  if (type === 'float') return { type: 'float32', dims: [], data: Float32Array.of(value) }
  if (type === 'floats') return { type: 'float32', dims: [value.length], data: Float32Array.from(value) }
  if (type === 'int') return { type: 'int64', dims: [], data: BigInt64Array.of(value) }
  if (type === 'ints') return { type: 'int64', dims: [value.length], data: BigInt64Array.from(value) }
  return undefined
}

/** An operator in words: "MatMul ‘product_1’". */
export function nodeWords(node: GraphNode): string {
  return `${node.domain === '' ? '' : `${node.domain}.`}${node.operator} ‘${node.name || (node.outputs[0] ?? '')}’`
}
