/** The quantised credit network as an ONNX graph of integer operators. */
import { creditModelFile, encodingPart, type GraphDescription, type GraphPart } from './credit-graph.ts'
import { elementType, type OnnxInitializer, type OnnxModelFile, type OnnxNode } from './onnx-writer.ts'
import type { QuantisedLayer, QuantisedNetwork, Scale } from './quantise.ts'

export function creditInt8Graph(network: QuantisedNetwork, description: GraphDescription): OnnxModelFile {
  const parts = [encodingPart(network.normaliser)]
  network.layers.forEach((layer, i) => {
    const last = i === network.layers.length - 1
    parts.push(
      quantisePart(i === 0 ? 'encoded' : `hidden_${i}`, `stored_${i + 1}`, layer.input),
      layerPart(layer, i + 1, last),
    )
  })
  parts.push(quantisePart('logit', 'stored_logit', network.logit), {
    nodes: [
      {
        operator: 'Cast',
        inputs: ['stored_logit'],
        output: 'table_index',
        attributes: { to: elementType('int32') },
      },
      {
        operator: 'Gather',
        inputs: ['probability_table', 'table_index'],
        output: 'probability_good',
        attributes: { axis: 0 },
      },
    ],
    initializers: [{ name: 'probability_table', shape: [256], data: network.table }],
  })
  return creditModelFile(network.threshold, description, parts)
}

function quantisePart(from: string, to: string, { scale, zero }: Scale): GraphPart {
  return {
    nodes: [{ operator: 'QuantizeLinear', inputs: [from, `${to}_scale`, `${to}_zero`], output: to }],
    initializers: [
      { name: `${to}_scale`, shape: [], data: Float32Array.of(scale) },
      { name: `${to}_zero`, shape: [], data: Uint8Array.of(zero) },
    ],
  }
}

/** From `stored_n` to `hidden_n`, or to `logit` for the last layer. */
function layerPart(layer: QuantisedLayer, n: number, last: boolean): GraphPart {
  const nodes: OnnxNode[] = [
    {
      operator: 'MatMulInteger',
      inputs: [`stored_${n}`, `weights_${n}`, `stored_${n}_zero`],
      output: `product_${n}`,
    },
    { operator: 'Add', inputs: [`product_${n}`, `bias_${n}`], output: `units_${n}` },
    {
      operator: 'Cast',
      inputs: [`units_${n}`],
      output: `units_float_${n}`,
      attributes: { to: elementType('float32') },
    },
    {
      operator: 'Mul',
      inputs: [`units_float_${n}`, `multiplier_${n}`],
      output: last ? 'logit' : `sum_${n}`,
    },
  ]
  if (!last) nodes.push({ operator: 'Relu', inputs: [`sum_${n}`], output: `hidden_${n}` })
  const initializers: OnnxInitializer[] = [
    { name: `weights_${n}`, shape: [layer.inputs, layer.outputs], data: layer.weights },
    { name: `bias_${n}`, shape: [layer.outputs], data: layer.bias },
    { name: `multiplier_${n}`, shape: [layer.outputs], data: layer.multiplier },
  ]
  return { nodes, initializers }
}
