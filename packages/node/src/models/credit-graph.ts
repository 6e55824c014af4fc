/** The credit networks as ONNX graphs: the inputs and outputs they share, and the FP32 network between them. */
import { CREDIT_FEATURES, type CreditFeature } from './credit-schema.ts'
import { CATEGORIES, type Normaliser, NUMBERS, OPTIONS } from './encoding.ts'
import type { Network } from './network.ts'
import { elementType, type OnnxInitializer, type OnnxModelFile, type OnnxNode } from './onnx-writer.ts'

/** What is written about a model into its file. */
export interface GraphDescription {
  name: string
  version: string
  doc: string
  metadata: Record<string, string>
}

/** Nodes and initializers, in an order in which each value is made before it is used. */
export interface GraphPart {
  nodes: OnnxNode[]
  initializers: OnnxInitializer[]
}

/** The FP32 model: MatMul, Add and Relu a layer, and a Sigmoid at the end. */
export function creditGraph(network: Network, description: GraphDescription): OnnxModelFile {
  const parts = [encodingPart(network.normaliser)]
  let input = 'encoded'
  network.layers.forEach((layer, i) => {
    const n = i + 1
    const last = n === network.layers.length
    const nodes: OnnxNode[] = [
      { operator: 'MatMul', inputs: [input, `weights_${n}`], output: `product_${n}` },
      { operator: 'Add', inputs: [`product_${n}`, `bias_${n}`], output: last ? 'logit' : `sum_${n}` },
    ]
    if (!last) nodes.push({ operator: 'Relu', inputs: [`sum_${n}`], output: `hidden_${n}` })
    parts.push({
      nodes,
      initializers: [
        { name: `weights_${n}`, shape: [layer.inputs, layer.outputs], data: layer.weights },
        { name: `bias_${n}`, shape: [layer.outputs], data: layer.bias },
      ],
    })
    input = `hidden_${n}`
  })
  const nodes = [{ operator: 'Sigmoid', inputs: ['logit'], output: 'probability_good' }]
  parts.push({ nodes, initializers: [] })
  return creditModelFile(network.threshold, description, parts)
}

/** Puts parts that lead from the inputs to `probability_good` between the common inputs, threshold and outputs. */
export function creditModelFile(
  threshold: number,
  { name, version, doc, metadata }: GraphDescription,
  parts: readonly GraphPart[],
): OnnxModelFile {
  const decision: OnnxNode = {
    operator: 'GreaterOrEqual',
    inputs: ['probability_good', 'threshold'],
    output: 'approved',
  }
  return {
    name,
    doc,
    producerVersion: version,
    metadata: { name, version, ...metadata },
    inputs: CREDIT_FEATURES.map(feature => ({
      name: feature.name,
      type: 'float32',
      shape: ['N', 1],
      doc: describe(feature),
    })),
    outputs: [
      {
        name: 'probability_good',
        type: 'float32',
        shape: ['N', 1],
        doc: 'Probability that the loan would go on record as good, 0 to 1',
      },
      {
        name: 'approved',
        type: 'bool',
        shape: ['N', 1],
        doc: `Whether probability_good is at least the threshold, ${threshold}`,
      },
    ],
    initializers: [
      ...parts.flatMap(part => part.initializers),
      { name: 'threshold', shape: [1], data: Float32Array.of(threshold) },
    ],
    nodes: [...parts.flatMap(part => part.nodes), decision],
  }
}

/** From the named inputs, each [N, 1], to `encoded` [N, WIDTH]; `encode` in TypeScript does the same. */
export function encodingPart({ mean, scale }: Normaliser): GraphPart {
  return {
    nodes: [
      { operator: 'Concat', inputs: [...NUMBERS], output: 'numbers', attributes: { axis: 1 } },
      { operator: 'Sub', inputs: ['numbers', 'number_mean'], output: 'numbers_centred' },
      { operator: 'Mul', inputs: ['numbers_centred', 'number_scale'], output: 'numbers_scaled' },
      { operator: 'Concat', inputs: [...CATEGORIES], output: 'categories', attributes: { axis: 1 } },
      {
        operator: 'Gather',
        inputs: ['categories', 'option_category'],
        output: 'category_of_option',
        attributes: { axis: 1 },
      },
      { operator: 'Equal', inputs: ['category_of_option', 'option_code'], output: 'option_applies' },
      {
        operator: 'Cast',
        inputs: ['option_applies'],
        output: 'options',
        attributes: { to: elementType('float32') },
      },
      {
        operator: 'Concat',
        inputs: ['numbers_scaled', 'options'],
        output: 'encoded',
        attributes: { axis: 1 },
      },
    ],
    initializers: [
      { name: 'number_mean', shape: [NUMBERS.length], data: mean },
      { name: 'number_scale', shape: [NUMBERS.length], data: scale },
      {
        name: 'option_category',
        shape: [OPTIONS.length],
        data: BigInt64Array.from(OPTIONS, ({ category }) => BigInt(category)),
      },
      { name: 'option_code', shape: [OPTIONS.length], data: Float32Array.from(OPTIONS, ({ code }) => code) },
    ],
  }
}

function describe({ label, kind }: CreditFeature): string {
  if (kind.type === 'category')
    return `${label}: ${kind.options.map(({ code, label: option }) => `${code} ${option}`).join('; ')}`
  return `${label}: ${kind.min} to ${kind.max}${kind.unit ? ` ${kind.unit}` : ''}`
}
