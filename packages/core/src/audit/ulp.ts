/** Distances between numbers in units in the last place: how many numbers of a format lie between two, plus one. */

const view = new DataView(new ArrayBuffer(8))
const SIGN_64 = 1n << 63n

/** Of two FP32 numbers. Infinite where one is not a number and the other is. */
export function ulps32(a: number, b: number): number {
  if (a === b) return 0
  if (Number.isNaN(a) || Number.isNaN(b)) return Object.is(a, b) ? 0 : Number.POSITIVE_INFINITY
  return Math.abs(order32(a) - order32(b))
}

/** Of two FP64 numbers; beyond 2^53 not exact. */
export function ulps64(a: number, b: number): number {
  if (a === b) return 0
  if (Number.isNaN(a) || Number.isNaN(b)) return Object.is(a, b) ? 0 : Number.POSITIVE_INFINITY
  const distance = order64(a) - order64(b)
  return Number(distance < 0n ? -distance : distance)
}

/** The distance from a number's size to the next FP32 number beyond it. */
export function ulpOf32(size: number): number {
  return 2 ** (exponentOf(Math.max(Math.abs(size), 2 ** -126)) - 23)
}

export function ulpOf64(size: number): number {
  return 2 ** (exponentOf(Math.max(Math.abs(size), 2 ** -1022)) - 52)
}

/** From the bits, since a logarithm may round up to the next power of two. */
function exponentOf(size: number): number {
  view.setFloat64(0, size)
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023
}

/** Numbers in the order of their size: both zeros are 0. */
function order32(value: number): number {
  view.setFloat32(0, value)
  const bits = view.getUint32(0)
  return bits >= 2 ** 31 ? 2 ** 31 - bits : bits
}

function order64(value: number): bigint {
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  return bits >= SIGN_64 ? SIGN_64 - bits : bits
}
