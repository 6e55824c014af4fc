/**
 * The referee: every operator it has, by name. Each was compared bit for bit with the canonical runtime on random shapes
 * and values (packages/node/test/arithmetic*); what was not found equal is not here, and a dispute then runs
 * that one operator in the runtime itself.
 */
import type { Inputs, OutputShape, Part, Referee, Unsupported, Wanted } from '../dispute/referee.ts'
import { AnswerableError } from '../error.ts'
import { type GraphNode, stringAttribute } from '../graph/graph.ts'
import { type Elements, elementCount } from '../graph/tensor.ts'
import { conv } from './convolve.ts'
import { convInteger, qLinearConv } from './convolve-quantised.ts'
import { erf, exp, gelu, sigmoid, tanh } from './curves.ts'
import { ELEMENTWISE, elementwise } from './elementwise.ts'
import { LAYOUT } from './layout.ts'
import { gemm, matMul } from './multiply.ts'
import { type Call, NotHere, type Operator } from './operator.ts'
import {
  dequantizeLinear,
  dynamicQuantizeLinear,
  matMulInteger,
  qLinearMatMul,
  quantizeLinear,
} from './quantised.ts'
import { CHOICES, REDUCTIONS } from './reductions.ts'
import { batchNormalization, layerNormalization, softmax } from './rows.ts'
import { SELECTION } from './selection.ts'

function curve(of: (x: number) => number): Operator {
  return elementwise(['float32'], () => x => of(x as number), { arity: 1 })
}

const geluOperator: Operator = {
  ...curve(gelu),
  shapes(call) {
    if ((stringAttribute(call.node, 'approximate') ?? 'none') !== 'none') throw new NotHere('another curve')
    return curve(gelu).shapes(call)
  },
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  ...ELEMENTWISE,
  ...LAYOUT,
  ...SELECTION,
  ...REDUCTIONS,
  ...CHOICES,
  MatMul: matMul,
  Gemm: gemm,
  Conv: conv,
  Softmax: softmax,
  LayerNormalization: layerNormalization,
  Sigmoid: curve(sigmoid),
  Tanh: curve(tanh),
  Exp: curve(exp),
  Erf: curve(erf),
  Gelu: geluOperator,
  BatchNormalization: batchNormalization,
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantizeLinear,
  MatMulInteger: matMulInteger,
  QLinearMatMul: qLinearMatMul,
  ConvInteger: convInteger,
  QLinearConv: qLinearConv,
}

/** The operators of the standard's own set that the referee has, by name. */
export const REFEREE_OPERATORS: readonly string[] = Object.keys(OPERATORS).sort()

/** The oldest and newest operator set that was compared. */
export const OLDEST_OPSET = 11
export const NEWEST_OPSET = 22

function operatorOf(node: GraphNode): Operator {
  // One operator that was the runtime's own before it became standard.
  if (node.domain === 'com.microsoft' && node.operator === 'Gelu') return geluOperator
  if (node.domain !== '' || !Object.hasOwn(OPERATORS, node.operator)) throw new NotHere('the operator')
  if (node.version < OLDEST_OPSET || node.version > NEWEST_OPSET)
    throw new NotHere(`version ${node.version} of the operator set`)
  return OPERATORS[node.operator]!
}

/** Nothing that a model or a side says can make the referee throw. */
function attempt<T>(node: GraphNode, work: () => T): T | Unsupported {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof NotHere) && !(error instanceof AnswerableError)) throw error
    return { unsupported: `the referee does not have ${node.operator} with this: ${error.message}` }
  }
}

export const referee: Referee = {
  shapes(node: GraphNode, inputs: Inputs): readonly OutputShape[] | Unsupported {
    return attempt(node, () => operatorOf(node).shapes({ node, inputs }))
  },

  shapeNeeds(node: GraphNode, inputs: Inputs): readonly Wanted[] {
    const needs = attempt(node, () => operatorOf(node).shapeInputs ?? [])
    return inputs.map((_, i) => ('unsupported' in needs || needs.includes(i) ? 'all' : []))
  },

  needs(node: GraphNode, inputs: Inputs, output: number, part: Part): readonly Wanted[] {
    const all = inputs.map((): Wanted => 'all')
    const needs = attempt(node, () => {
      const operator = operatorOf(node)
      const call: Call = { node, inputs }
      return operator.needs?.(call, part, operator.shapes(call), output) ?? all
    })
    return 'unsupported' in needs ? all : needs
  },

  compute(node: GraphNode, inputs: Inputs, output: number, part: Part): Elements | Unsupported {
    return attempt(node, () => {
      const operator = operatorOf(node)
      const call: Call = { node, inputs }
      const shapes = operator.shapes(call)
      const shape = shapes[output]
      if (shape === undefined) throw new NotHere(`output ${output}`)
      const count = elementCount(shape.dims)
      if (!(part.from >= 0 && part.from <= part.to && part.to <= count)) throw new NotHere('such a part')
      return operator.compute(call, part, shapes, output)
    })
  },
}

/** Multiplications with an addition for `elements` of an output; 0 where there is none, or the operator is not had. */
export function multiplyAdds(node: GraphNode, inputs: Inputs, elements: number): number {
  const work = attempt(node, () => {
    const operator = operatorOf(node)
    return operator.work?.({ node, inputs }, operator.shapes({ node, inputs })) ?? 0
  })
  return typeof work === 'number' ? work * elements : 0
}
