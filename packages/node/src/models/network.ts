/** A small feed-forward network as data, and its forward pass in TypeScript: what the model files are checked against. */
import type { Applicant } from './credit-schema.ts'
import { encode, type Normaliser } from './encoding.ts'
import { sigmoid } from './sigmoid.ts'

/** outputs = inputs x weights + bias. */
export interface Layer {
  inputs: number
  outputs: number
  /** Row-major [inputs, outputs]. */
  weights: Float32Array
  /** [outputs]. */
  bias: Float32Array
}

/** Layers with a ReLU between each two; the last has one output, whose sigmoid is the probability of `good`. */
export interface Network {
  normaliser: Normaliser
  layers: Layer[]
  /** A probability of at least this is approved. FP32. */
  threshold: number
}

/** What a model decides about one applicant. */
export interface Decision {
  probability: number
  approved: boolean
}

export function decide(network: Network, applicant: Applicant): Decision {
  const probability = Math.fround(sigmoid(logit(network, encode(applicant, network.normaliser))))
  return { probability, approved: probability >= network.threshold }
}

/** The last layer's output for one encoded row. */
export function logit(network: Network, row: Float32Array): number {
  return activations(network, row).at(-1)![0]!
}

/** Each layer's output for one encoded row, before its ReLU; FP32, summed in double precision. */
export function activations({ layers }: Network, row: Float32Array): Float32Array[] {
  let input = row
  return layers.map(({ inputs, outputs, weights, bias }) => {
    const output = new Float32Array(outputs)
    for (let j = 0; j < outputs; j++) {
      let sum = 0
      for (let i = 0; i < inputs; i++) sum += input[i]! * weights[i * outputs + j]!
      output[j] = sum + bias[j]!
    }
    input = output.map(x => Math.max(0, x))
    return output
  })
}
