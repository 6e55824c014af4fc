/**
 * e^x from additions, multiplications and divisions alone.
 *
 * ECMAScript leaves the last bits of `Math.exp` to the implementation, and a weight trained through one differing bit
 * is another weight, so another file. IEEE 754 fixes these three operations, so this returns the same bits everywhere.
 * Relative error below 1e-15 for |x| <= 700.
 */
export function exp(x: number): number {
  if (x < -700) return 0
  if (x > 700) return Number.POSITIVE_INFINITY
  // x = k ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, so that r keeps its low bits.
  const k = Math.round(x * Math.LOG2E)
  const r = x - k * 0.6931471803691238 - k * 1.9082149292705877e-10
  let sum = 1
  for (let n = 14; n > 0; n--) sum = 1 + (sum * r) / n
  return sum * powerOfTwo(k)
}

/** The logistic function 1 / (1 + e^-x), the same bits everywhere. */
export function sigmoid(x: number): number {
  return 1 / (1 + exp(-x))
}

function powerOfTwo(k: number): number {
  let result = 1
  let base = k < 0 ? 0.5 : 2
  for (let n = Math.abs(k); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= base
    base *= base
  }
  return result
}
