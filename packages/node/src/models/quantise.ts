/**
 * `credit-int8` from `credit-f32`: the same network in integers, made so that every processor gives the same bits.
 *
 * Three choices serve that, each at a small cost in precision:
 * - Weights use 7 bits, -64 to 64. Some x86 processors multiply 8-bit numbers in pairs into saturating 16-bit sums
 *   (VPMADDUBSW); 2 x 255 x 64 fits, 2 x 255 x 127 would not, and those processors alone would answer differently.
 * - Scales of activations are powers of two and fixed beforehand, so dividing by one is exact however it is done, and a
 *   row's answer does not depend on the other rows of its batch, as it does with DynamicQuantizeLinear.
 * - The last step is a table of 256 probabilities in place of a Sigmoid, whose last bits differ between builds.
 */
import type { Applicant } from './credit-schema.ts'
import { encode, type Normaliser } from './encoding.ts'
import { activations, type Decision, type Layer, type Network } from './network.ts'
import { sigmoid } from './sigmoid.ts'

/** Real value = scale x (stored - zero), with stored from 0 to 255. */
export interface Scale {
  /** A power of two. */
  scale: number
  zero: number
}

export interface QuantisedLayer {
  inputs: number
  outputs: number
  /** How the layer's input is stored. */
  input: Scale
  /** Row-major [inputs, outputs], -64 to 64. */
  weights: Int8Array
  /** [outputs], in units of `multiplier`. */
  bias: Int32Array
  /** [outputs]: the real value of one unit of the integer sum. */
  multiplier: Float32Array
}

export interface QuantisedNetwork {
  normaliser: Normaliser
  layers: QuantisedLayer[]
  /** How the logit is stored: an index of `table`. */
  logit: Scale
  /** The probability for each stored logit, [256]. */
  table: Float32Array
  threshold: number
}

const WEIGHT_MAX = 64
const LOGIT: Scale = { scale: 1 / 16, zero: 128 }

/** Ranges of activations are taken from how `network` answers for `calibration`. */
export function quantise(network: Network, calibration: readonly Applicant[]): QuantisedNetwork {
  const rows = calibration.map(applicant => encode(applicant, network.normaliser))
  let low = 0
  let high = 1
  const tops = network.layers.map(() => 0)
  for (const row of rows) {
    for (const x of row) {
      if (x < low) low = x
      if (x > high) high = x
    }
    activations(network, row).forEach((outputs, i) => {
      for (const x of outputs) if (x > tops[i]!) tops[i] = x
    })
  }
  const step = powerOfTwoFor(high - low)
  const inputs = [{ scale: step, zero: Math.ceil(-low / step) }]
  // After a ReLU nothing is negative.
  for (const top of tops) inputs.push({ scale: powerOfTwoFor(top), zero: 0 })
  return {
    normaliser: network.normaliser,
    layers: network.layers.map((layer, i) => quantiseLayer(layer, inputs[i]!)),
    logit: LOGIT,
    table: Float32Array.from({ length: 256 }, (_, i) => sigmoid((i - LOGIT.zero) * LOGIT.scale)),
    threshold: network.threshold,
  }
}

/** The quantised model's answer, to the bit. */
export function decideQuantised(network: QuantisedNetwork, applicant: Applicant): Decision {
  let values = encode(applicant, network.normaliser)
  for (const layer of network.layers) {
    const stored = values.map(x => store(x, layer.input))
    const outputs = new Float32Array(layer.outputs)
    for (let j = 0; j < layer.outputs; j++) {
      let sum = layer.bias[j]!
      for (let i = 0; i < layer.inputs; i++)
        sum += (stored[i]! - layer.input.zero) * layer.weights[i * layer.outputs + j]!
      outputs[j] = sum * layer.multiplier[j]!
    }
    values = outputs
  }
  const probability = network.table[store(values[0]!, network.logit)]!
  return { probability, approved: probability >= network.threshold }
}

function quantiseLayer({ inputs, outputs, weights, bias }: Layer, input: Scale): QuantisedLayer {
  const quantised = new Int8Array(weights.length)
  const units = new Int32Array(outputs)
  const multiplier = new Float32Array(outputs)
  for (let j = 0; j < outputs; j++) {
    let top = 0
    for (let i = 0; i < inputs; i++) top = Math.max(top, Math.abs(weights[i * outputs + j]!))
    const step = top > 0 ? top / WEIGHT_MAX : 1
    for (let i = 0; i < inputs; i++) quantised[i * outputs + j] = Math.round(weights[i * outputs + j]! / step)
    multiplier[j] = step * input.scale
    units[j] = Math.round(bias[j]! / (step * input.scale))
  }
  return { inputs, outputs, input, weights: quantised, bias: units, multiplier }
}

/** QuantizeLinear of ONNX: round half to even, shift, saturate. A ReLU before it changes nothing when `zero` is 0. */
function store(x: number, { scale, zero }: Scale): number {
  return Math.min(255, Math.max(0, roundHalfToEven(x / scale) + zero))
}

function roundHalfToEven(x: number): number {
  const down = Math.floor(x)
  const rest = x - down
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down
}

/** The smallest power of two of which 254 steps span `range`: one step is left for the zero point's own rounding. */
function powerOfTwoFor(range: number): number {
  let step = 1 / 1048576
  while (step * 254 < range) step *= 2
  return step
}
