/** A small transformer of 60 operators with random weights: two layers of attention and a feed-forward part each. */
import {
  type Attribute,
  type Elements,
  elementCount,
  type Graph,
  type GraphNode,
  readGraph,
  type Tensor,
} from '@answerable/core/graph'
import { Prng } from '../models/prng.ts'
import { graphModel } from './model-proto.ts'

export interface Sizes {
  tokens: number
  width: number
  heads: number
  inner: number
  layers: number
  vocabulary: number
}

export const SMALL: Sizes = { tokens: 32, width: 64, heads: 4, inner: 256, layers: 2, vocabulary: 100 }

export interface ModelFile {
  bytes: Uint8Array
  graph: Graph
}

export function transformer(sizes: Sizes = SMALL, seed = 1): ModelFile {
  const { tokens, width, heads, inner, layers, vocabulary } = sizes
  const random = new Prng(seed)
  const initializers: { name: string; tensor: Tensor }[] = []
  const nodes: GraphNode[] = []
  const store = (name: string, type: Tensor['type'], dims: number[], data: Elements) => {
    initializers.push({ name, tensor: { type, dims, data } })
    return name
  }
  const weights = (name: string, dims: number[], spread = 1 / Math.sqrt(dims[0]!)) =>
    store(
      name,
      'float32',
      dims,
      Float32Array.from({ length: elementCount(dims) }, () => random.normal() * spread),
    )
  const shape = (name: string, ...dims: number[]) =>
    store(name, 'int64', [dims.length], BigInt64Array.from(dims, BigInt))
  const number = (name: string, value: number) => store(name, 'float32', [], Float32Array.of(value))
  const add = (
    operator: string,
    inputs: string[],
    outputs: string[] | string,
    attributes: Record<string, Attribute> = {},
  ): string => {
    const list = typeof outputs === 'string' ? [outputs] : outputs
    nodes.push({
      index: nodes.length,
      name: list[0]!,
      operator,
      domain: '',
      version: 17,
      inputs,
      constant: [],
      outputs: list,
      attributes,
    })
    return list[0]!
  }
  const ints = (...values: number[]): Attribute => ({ type: 'ints', value: values.map(BigInt) })
  const int = (value: number): Attribute => ({ type: 'int', value: BigInt(value) })
  const each = width / heads
  shape('split_sizes', width, width, width)
  shape('apart', tokens, heads, each)
  shape('together', tokens, width)
  number('scale', 1 / Math.sqrt(each))
  number('root_half', Math.SQRT1_2)
  number('one', 1)
  number('half', 0.5)

  let x = add('Gather', [weights('embedding', [vocabulary, width], 1), 'tokens'], 'embedded', {
    axis: int(0),
  })
  for (let i = 0; i < layers; i++) {
    const n = (name: string) => `${name}_${i}`
    const norm = (name: string, from: string) =>
      add(
        'LayerNormalization',
        [from, weights(n(`${name}_scale`), [width], 1), weights(n(`${name}_bias`), [width], 0.1)],
        n(name),
        { axis: int(-1) },
      )
    const normal = norm('norm_1', x)
    const product = add('MatMul', [normal, weights(n('qkv_weights'), [width, 3 * width])], n('qkv_product'))
    const all = add('Add', [product, weights(n('qkv_bias'), [3 * width], 0.1)], n('qkv'))
    add('Split', [all, 'split_sizes'], [n('q'), n('k'), n('v')], { axis: int(-1) })
    const order = { q: [1, 0, 2], k: [1, 2, 0], v: [1, 0, 2] }
    for (const [part, perm] of Object.entries(order)) {
      const apart = add('Reshape', [n(part), 'apart'], n(`${part}_apart`))
      add('Transpose', [apart], n(`${part}_heads`), { perm: ints(...perm) })
    }
    const scores = add('MatMul', [n('q_heads'), n('k_heads')], n('scores'))
    const scaled = add('Mul', [scores, 'scale'], n('scaled'))
    const attention = add('Softmax', [scaled], n('attention'), { axis: int(-1) })
    const seen = add('MatMul', [attention, n('v_heads')], n('seen'))
    const turned = add('Transpose', [seen], n('turned'), { perm: ints(1, 0, 2) })
    const joined = add('Reshape', [turned, 'together'], n('joined'))
    const out = add('MatMul', [joined, weights(n('out_weights'), [width, width])], n('out'))
    const kept = add('Add', [x, out], n('kept'))
    const second = norm('norm_2', kept)
    const wide = add('MatMul', [second, weights(n('up_weights'), [width, inner])], n('up_product'))
    const up = add('Add', [wide, weights(n('up_bias'), [inner], 0.1)], n('up'))
    const small = add('Mul', [up, 'root_half'], n('small'))
    const curve = add('Erf', [small], n('curve'))
    const above = add('Add', [curve, 'one'], n('above'))
    const gated = add('Mul', [up, above], n('gated'))
    const gelu = add('Mul', [gated, 'half'], n('gelu'))
    const down = add('MatMul', [gelu, weights(n('down_weights'), [inner, width])], n('down'))
    x = add('Add', [kept, down], n('layer'))
  }
  x = add(
    'LayerNormalization',
    [x, weights('last_scale', [width], 1), weights('last_bias', [width], 0.1)],
    'last',
    {
      axis: int(-1),
    },
  )
  x = add('MatMul', [x, weights('head', [width, vocabulary])], 'logits')
  x = add('Softmax', [x], 'probabilities', { axis: int(-1) })
  const bytes = graphModel({
    irVersion: 8,
    opsets: { '': 17 },
    name: 'transformer',
    initializers,
    inputs: [{ name: 'tokens', type: 'int64', dims: [tokens] }],
    outputs: [{ name: 'probabilities', type: 'float32', dims: [tokens, vocabulary] }],
    nodes,
    unsupported: [],
  })
  return { bytes, graph: readGraph(bytes) }
}

export function tokensOf(sizes: Sizes, seed: number): Map<string, Tensor> {
  const random = new Prng(seed)
  const data = BigInt64Array.from({ length: sizes.tokens }, () => BigInt(random.uint32() % sizes.vocabulary))
  return new Map([['tokens', { type: 'int64', dims: [sizes.tokens], data }]])
}
