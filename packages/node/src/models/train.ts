/**
 * Trains the demo network: cross-entropy, mini-batches, Adam (Kingma and Ba 2015) with decoupled weight decay
 * (Loshchilov and Hutter 2019). One thread, one seed, and operations that IEEE 754 defines to the bit, so the same
 * data and options give the same weights everywhere. Weights are rounded to FP32 at the end.
 */
import type { LabelledApplicant } from './dataset.ts'
import { encode, normaliserOf, WIDTH } from './encoding.ts'
import type { Layer, Network } from './network.ts'
import { Prng } from './prng.ts'
import { sigmoid } from './sigmoid.ts'

export interface TrainOptions {
  seed: number
  /** Widths of the hidden layers. */
  hidden?: readonly number[]
  /** Passes over the data. */
  epochs?: number
  /** Rows a step. */
  batch?: number
  /** Step size; it falls in a straight line to 0 at the end. */
  rate?: number
  /** The share of a weight that one step of size 1 takes away. */
  decay?: number
  /** A probability of at least this is approved. */
  threshold?: number
}

export function train(data: readonly LabelledApplicant[], options: TrainOptions): Network {
  const {
    seed,
    hidden = [16, 8],
    epochs = 20,
    batch = 32,
    rate = 0.004,
    decay = 1,
    threshold = 0.5,
  } = options
  const random = new Prng(seed)
  const normaliser = normaliserOf(data.map(({ applicant }) => applicant))
  const rows = data.map(({ applicant }) => Float64Array.from(encode(applicant, normaliser)))
  const widths = [WIDTH, ...hidden, 1]
  const layers = widths.slice(1).map((outputs, i) => new TrainedLayer(widths[i]!, outputs, random))

  const order = Int32Array.from(rows.keys())
  const steps = epochs * Math.ceil(rows.length / batch)
  let step = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    random.shuffle(order)
    for (let start = 0; start < order.length; start += batch) {
      const end = Math.min(start + batch, order.length)
      for (let k = start; k < end; k++) learn(layers, rows[order[k]!]!, data[order[k]!]!.good ? 1 : 0)
      const now = rate * (1 - step / steps)
      for (const layer of layers) layer.step(now, decay, end - start)
      step++
    }
  }
  return { normaliser, layers: layers.map(layer => layer.rounded()), threshold: Math.fround(threshold) }
}

/** Adds one row's gradient to every layer. */
function learn(layers: TrainedLayer[], row: Float64Array, target: number): void {
  let input: Float64Array = row
  for (const [i, layer] of layers.entries()) input = layer.forward(input, i < layers.length - 1)
  // The derivative of cross-entropy after a sigmoid is this difference.
  let slope: Float64Array = Float64Array.of(sigmoid(input[0]!) - target)
  for (let i = layers.length - 1; i >= 0; i--) slope = layers[i]!.backward(slope, i > 0)
}

/** A layer in training: weights [inputs, outputs] then bias [outputs] in one array, with gradients and moments alike. */
class TrainedLayer {
  readonly inputs: number
  readonly outputs: number
  readonly values: Float64Array
  readonly gradients: Float64Array
  readonly #first: Float64Array
  readonly #second: Float64Array
  #firstLeft = 1
  #secondLeft = 1
  #input: Float64Array = new Float64Array(0)
  readonly #output: Float64Array
  readonly #slope: Float64Array

  constructor(inputs: number, outputs: number, random: Prng) {
    this.inputs = inputs
    this.outputs = outputs
    const size = (inputs + 1) * outputs
    this.values = new Float64Array(size)
    this.gradients = new Float64Array(size)
    this.#first = new Float64Array(size)
    this.#second = new Float64Array(size)
    this.#output = new Float64Array(outputs)
    this.#slope = new Float64Array(inputs)
    const spread = Math.sqrt(2 / inputs)
    for (let i = 0; i < inputs * outputs; i++) this.values[i] = spread * random.normal()
  }

  forward(input: Float64Array, relu: boolean): Float64Array {
    const { inputs, outputs, values } = this
    this.#input = input
    const output = this.#output
    for (let j = 0; j < outputs; j++) output[j] = values[inputs * outputs + j]!
    for (let i = 0; i < inputs; i++) {
      const x = input[i]!
      // Most columns of a one-hot row are 0.
      if (x === 0) continue
      for (let j = 0; j < outputs; j++) output[j]! += x * values[i * outputs + j]!
    }
    if (relu) for (let j = 0; j < outputs; j++) if (output[j]! < 0) output[j] = 0
    return output
  }

  /** Takes the slope of the loss by this layer's outputs and gives that by its inputs, where `further` asks for it. */
  backward(slope: Float64Array, further: boolean): Float64Array {
    const { inputs, outputs, values, gradients } = this
    const input = this.#input
    for (let j = 0; j < outputs; j++) gradients[inputs * outputs + j]! += slope[j]!
    for (let i = 0; i < inputs; i++) {
      const x = input[i]!
      // An input of 0 has no part in the output; if it left a ReLU, its slope is 0 as well.
      let sum = 0
      if (x !== 0)
        for (let j = 0; j < outputs; j++) {
          gradients[i * outputs + j]! += x * slope[j]!
          if (further) sum += slope[j]! * values[i * outputs + j]!
        }
      this.#slope[i] = sum
    }
    return this.#slope
  }

  step(rate: number, decay: number, rows: number): void {
    const { values, gradients } = this
    const first = this.#first
    const second = this.#second
    this.#firstLeft *= 0.9
    this.#secondLeft *= 0.999
    const weights = this.inputs * this.outputs
    for (let i = 0; i < values.length; i++) {
      const gradient = gradients[i]! / rows
      first[i] = 0.9 * first[i]! + 0.1 * gradient
      second[i] = 0.999 * second[i]! + 0.001 * gradient * gradient
      const mean = first[i]! / (1 - this.#firstLeft)
      const root = Math.sqrt(second[i]! / (1 - this.#secondLeft))
      values[i]! -= rate * (mean / (root + 1e-8) + (i < weights ? decay * values[i]! : 0))
      gradients[i] = 0
    }
  }

  rounded(): Layer {
    const weights = this.inputs * this.outputs
    return {
      inputs: this.inputs,
      outputs: this.outputs,
      weights: Float32Array.from(this.values.subarray(0, weights)),
      bias: Float32Array.from(this.values.subarray(weights)),
    }
  }
}
