/** ConvInteger and QLinearConv: sums of integers over patches, and for the second their way back to small integers. */
import { type ElementType, makeElements, type Tensor } from '../graph/tensor.ts'
import { patchOf, sizesOf } from './convolve.ts'
import {
  type Call,
  input,
  inputOf,
  notHere,
  type Operator,
  type Part,
  product,
  type Wanted,
} from './operator.ts'
import { requantised } from './quantised.ts'

const { fround } = Math
const BYTES: readonly ElementType[] = ['uint8', 'int8']

/** Elements of the output, each with its channel, as sums over the patch under it. */
function sums(call: Call, { from, to }: Part, filter: number, zeros: (channel: number) => [number, number]) {
  const of = sizesOf(call, BYTES, filter)
  const x = input(call, 0).data
  const w = input(call, filter).data
  const channels = of.group * of.filters
  const area = product(of.out)
  const inner = of.channels * product(of.kernel)
  return Array.from({ length: to - from }, (_, at) => {
    const index = from + at
    const channel = Math.floor(index / area) % channels
    const batch = Math.floor(index / area / channels)
    const [left, right] = zeros(channel)
    let sum = 0
    // What lies in the padding is the zero point, which counts for nothing.
    patchOf(of, batch, Math.floor(channel / of.filters), index % area).forEach((where, k) => {
      if (where < 0) return
      sum = (sum + Math.imul((x[where] as number) - left, (w[channel * inner + k] as number) - right)) | 0
    })
    return { channel, sum }
  })
}

function needs(call: Call, { from, to }: Part, filter: number): Wanted[] {
  const of = sizesOf(call, BYTES, filter)
  const channels = of.group * of.filters
  const area = product(of.out)
  const wanted = new Set<number>()
  for (let i = from; i < to; i++) {
    const group = Math.floor((Math.floor(i / area) % channels) / of.filters)
    for (const at of patchOf(of, Math.floor(i / area / channels), group, i % area))
      if (at >= 0) wanted.add(at)
  }
  return call.inputs.map((_, i) => (i === 0 ? [...wanted] : 'all'))
}

function dimsOf(call: Call, filter: number): number[] {
  const { batch, group, filters, out } = sizesOf(call, BYTES, filter)
  return [batch, group * filters, ...out]
}

function one(tensor: Tensor | undefined): number {
  if (tensor !== undefined && tensor.data.length !== 1) notHere('zero points by channel')
  return Number(tensor?.data[0] ?? 0)
}

function work(call: Call, filter: number): number {
  const { channels, kernel } = sizesOf(call, BYTES, filter)
  return channels * product(kernel)
}

export const convInteger: Operator = {
  shapes: call => [{ type: 'int32', dims: dimsOf(call, 1) }],
  needs: (call, part) => needs(call, part, 1),
  compute(call, part) {
    const zeros: [number, number] = [one(call.inputs[2]), one(call.inputs[3])]
    return Int32Array.from(
      sums(call, part, 1, () => zeros),
      ({ sum }) => sum,
    )
  },
  work: call => work(call, 1),
}

/** The input with scale and zero point, the filter with the same, the result's, and a bias of 32-bit integers. */
export const qLinearConv: Operator = {
  shapes(call) {
    const { type } = inputOf(call, 7, BYTES)
    return [{ type, dims: dimsOf(call, 3) }]
  },
  needs: (call, part) => needs(call, part, 3),
  compute(call, part, shapes) {
    const { type } = shapes[0]!
    const bias = call.inputs[8]?.data
    const filterScales = input(call, 4).data
    const filterZeros = input(call, 5).data
    const at = (list: ArrayLike<number | bigint>, channel: number) =>
      Number(list[list.length === 1 ? 0 : channel])
    const [xScale, xZero, scale, zero] = [1, 2, 6, 7].map(i => one(input(call, i))) as [
      number,
      number,
      number,
      number,
    ]
    const out = makeElements(type, part.to - part.from)
    sums(call, part, 3, channel => [xZero, at(filterZeros, channel)]).forEach(({ channel, sum }, i) => {
      const whole = bias === undefined ? sum : (sum + Number(bias[channel])) | 0
      const by = fround(fround(xScale * at(filterScales, channel)) / scale)
      out[i] = requantised(whole, by, zero, type)
    })
    return out
  },
  work: call => work(call, 3),
}
