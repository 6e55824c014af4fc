/** Draws shapes, types and numbers at random, those at the edges of arithmetic among them. */
import { type ElementType, elementCount, makeElements, type Tensor } from '@answerable/core/graph'
import type { Prng } from '../models/prng.ts'

/** How numbers are drawn: of a model's size, of every size, or those at the edges as well. */
export type Values = 'plain' | 'wide' | 'edges'

const EDGES = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  1e-45,
  -1e-45,
  1.1754943508222875e-38,
  1e-40,
  -1e-40,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  16777217,
  88.7,
  -88.5,
  -103.9,
  3.925,
  0.921875,
]

export class Draw {
  readonly random: Prng
  readonly values: Values

  constructor(random: Prng, values: Values) {
    this.random = random
    this.values = values
  }

  whole(low: number, high: number): number {
    return low + (this.random.uint32() % (high - low + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.uint32() % items.length]!
  }

  chance(probability: number): boolean {
    return this.random.chance(probability)
  }

  float(): number {
    if (this.values === 'edges' && this.chance(0.3)) return this.pick(EDGES)
    const value = this.random.normal()
    if (this.values === 'plain') return value
    return value * 2 ** this.whole(-30, 30)
  }

  dims(rank = this.whole(1, 4), most = 7): number[] {
    return Array.from({ length: rank }, () => this.whole(1, most))
  }

  tensor(type: ElementType, dims: readonly number[]): Tensor {
    const data = makeElements(type, elementCount(dims))
    for (let i = 0; i < data.length; i++) data[i] = this.#element(type)
    return { type, dims, data }
  }

  /** A shape that stretches to `dims`. */
  stretched(dims: readonly number[]): number[] {
    const out = dims.map(size => (this.chance(0.3) ? 1 : size))
    return this.chance(0.3) ? out.slice(this.whole(0, out.length)) : out
  }

  #element(type: ElementType): number | bigint {
    if (type === 'float32' || type === 'float64') return this.float()
    if (type === 'bool') return this.whole(0, 1)
    const bits = Number(type.replace(/\D/g, ''))
    const small = this.values === 'plain' || this.chance(0.5)
    if (bits === 64) {
      const value = BigInt(this.random.uint32()) * (small ? 1n : 4294967296n) + BigInt(this.random.uint32())
      return type === 'int64'
        ? BigInt.asIntN(64, this.chance(0.5) ? -value : value)
        : BigInt.asUintN(64, value)
    }
    return this.random.uint32()
  }
}
