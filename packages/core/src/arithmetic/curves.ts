/**
 * Sigmoid, Tanh, Exp and Erf on float32: the rational functions and polynomials of the canonical runtime, step by step.
 *
 * Each is a chain of single operations, rounded one by one; the coefficients are those of its published sources.
 */
const { fround } = Math

/** a * b + c, rounded after each. */
function step(a: number, b: number, c: number): number {
  return fround(fround(a * b) + c)
}

function chain(start: number, x: number, coefficients: readonly number[]): number {
  let value = start
  for (const coefficient of coefficients) value = step(value, x, coefficient)
  return value
}

function floats(...values: number[]): number[] {
  return values.map(fround)
}

/** Keeps NaN. */
function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x
}

const SIGMOID_P = floats(
  4.37031012579801e-11,
  1.15627324459942e-7,
  6.08574864600143e-5,
  8.51377133304701e-3,
  2.48287947061529e-1,
)
const SIGMOID_Q = floats(
  6.10247389755681e-13,
  5.76102136993427e-9,
  6.2910678501704e-6,
  1.70198817374094e-3,
  1.16817656904453e-1,
  9.9315192102318e-1,
)

export function sigmoid(value: number): number {
  const x = clamp(value, -18, 18)
  const square = fround(x * x)
  const p = fround(chain(SIGMOID_P[0]!, square, SIGMOID_P.slice(1)) * x)
  const q = chain(SIGMOID_Q[0]!, square, SIGMOID_Q.slice(1))
  return clamp(fround(fround(p / q) + 0.5), 0, 1)
}

const TANH_P = floats(
  -2.76076847742355e-16,
  2.00018790482477e-13,
  -8.60467152213735e-11,
  5.12229709037114e-8,
  1.48572235717979e-5,
  6.37261928875436e-4,
  4.89352455891786e-3,
)
const TANH_Q = floats(1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3)

export function tanh(value: number): number {
  const x = clamp(value, -9, 9)
  const square = fround(x * x)
  const p = fround(chain(TANH_P[0]!, square, TANH_P.slice(1)) * x)
  return fround(p / chain(TANH_Q[0]!, square, TANH_Q.slice(1)))
}

const LOG2E = fround(Math.LOG2E)
const LN2_HIGH = fround(-6.93145752e-1)
const LN2_LOW = fround(-1.42860677e-6)
/** Adding and taking away this rounds to a whole number: 1.5 * 2^23. */
const ROUNDING = 12582912
const EXP = floats(
  1.3780593872070312e-3,
  8.373124524950981e-3,
  4.1669536381959915e-2,
  0.166664719581604,
  0.49999985098838806,
)

/** x = m ln 2 + rest. */
function reduce(x: number): { m: number; rest: number } {
  const m = fround(step(x, LOG2E, ROUNDING) - ROUNDING)
  return { m, rest: step(m, LN2_LOW, step(m, LN2_HIGH, x)) }
}

export function exp(value: number): number {
  if (Number.isNaN(value)) return value
  const { m, rest } = reduce(clamp(value, fround(-103.9720840454), fround(88.776262664795)))
  // The power of two in two parts, of which the first can be a normal number whatever m is.
  const normal = clamp(m, -126, 127)
  const overflow = 2 ** (m - normal)
  const p = chain(chain(EXP[0]!, rest, EXP.slice(1)), rest, [1])
  const scaled = fround(rest * overflow)
  return fround(step(p, scaled, overflow) * 2 ** normal)
}

/** For sums of what is at most 1: a narrower range, one power of two. */
export function expBelow(value: number): number {
  if (Number.isNaN(value)) return value
  const { m, rest } = reduce(Math.max(fround(-88.3762626647949), value))
  // The power of two is put together from the bits of its exponent, which end at 2^-126.
  return fround(chain(EXP[0]!, rest, [...EXP.slice(1), 1, 1]) * (m < -126 ? 0 : 2 ** m))
}

const ERF_SMALL = floats(
  -5.99104969e-4,
  4.99339588e-3,
  -2.67667342e-2,
  1.12818025e-1,
  -3.76124859e-1,
  1.28379151e-1,
)
const ERF_BIG = floats(
  1.7294893e-5,
  -3.8320868e-4,
  3.88393435e-3,
  -2.42545605e-2,
  1.06777847e-1,
  6.34846687e-1,
  1.28717512e-1,
)
const ERF_EXP = floats(1.38319808e-3, 8.37550033e-3, 4.16689515e-2, 1.66664466e-1, 4.99999851e-1, 1, 1)

export function erf(value: number): number {
  if (Number.isNaN(value)) return value
  const size = Math.abs(value)
  let result: number
  if (size > 0.921875) {
    const x = Math.min(size, fround(3.925))
    const big = step(chain(ERF_BIG[0]!, x, ERF_BIG.slice(1)), x, x)
    const { m, rest } = reduce(Math.max(-big, fround(-88.3762626647949)))
    result = fround(1 - fround(chain(ERF_EXP[0]!, rest, ERF_EXP.slice(1)) * 2 ** m))
  } else result = step(chain(ERF_SMALL[0]!, fround(size * size), ERF_SMALL.slice(1)), size, size)
  return value < 0 || Object.is(value, -0) ? -result : result
}

const ROOT_HALF = fround(Math.SQRT1_2)

export function gelu(value: number): number {
  return fround(fround(0.5 * value) * fround(erf(fround(value * ROOT_HALF)) + 1))
}
