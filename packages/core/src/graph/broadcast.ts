/** Shapes stretched over each other, as ONNX (and NumPy) have it: sizes aligned at the last, a size of 1 repeated. */

/** The shape of an operator over both; undefined where they do not fit. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const dims: number[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1) return undefined
    dims.push(x === 1 ? y : x)
  }
  return dims
}

/** The element of a tensor of the shape `of` that stands behind element `index` of the stretched shape `dims`. */
export function sourceIndex(index: number, dims: readonly number[], of: readonly number[]): number {
  let rest = index
  let source = 0
  let stride = 1
  for (let i = 1; i <= of.length; i++) {
    const size = dims[dims.length - i]!
    const own = of[of.length - i]!
    const at = rest % size
    rest = (rest - at) / size
    if (own !== 1) source += at * stride
    stride *= own
  }
  return source
}
