/** Random one-operator graphs: for each operator of the referee, shapes, attributes and values that its kinds differ by. */
import type { Attribute, Elements, ElementType, GraphNode, Tensor } from '@answerable/core/graph'
import { elementCount, elementTypeNumber, makeElements } from '@answerable/core/graph'
import type { Draw } from './draw.fixture.ts'

export interface OperatorCase {
  node: GraphNode
  inputs: (Tensor | undefined)[]
}

type Maker = (draw: Draw) => {
  inputs: (Tensor | undefined)[]
  attributes?: Record<string, Attribute>
  constant?: boolean[]
  outputs?: number
  version?: number
}

const int = (value: number): Attribute => ({ type: 'int', value: BigInt(value) })
const ints = (value: number[]): Attribute => ({ type: 'ints', value: value.map(BigInt) })
const float = (value: number): Attribute => ({ type: 'float', value: Math.fround(value) })
const text = (value: string): Attribute => ({ type: 'string', value })
export const list = (...values: number[]): Tensor => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
})
const scalar = (type: ElementType, value: number): Tensor => {
  const data = makeElements(type, 1) as Exclude<Elements, BigInt64Array | BigUint64Array>
  data[0] = value
  return { type, dims: [], data }
}

const unary =
  (...types: ElementType[]): Maker =>
  draw => ({ inputs: [draw.tensor(draw.pick(types), draw.dims())] })

const binary =
  (...types: ElementType[]): Maker =>
  draw => {
    const dims = draw.dims()
    const type = draw.pick(types)
    return { inputs: [draw.tensor(type, draw.stretched(dims)), draw.tensor(type, draw.stretched(dims))] }
  }

const NUMERIC: ElementType[] = ['float32', 'float64', 'int32', 'int64']

function nonZero(tensor: Tensor): Tensor {
  if (tensor.type.startsWith('float')) return tensor
  for (let i = 0; i < tensor.data.length; i++)
    if (Number(tensor.data[i]) === 0) tensor.data[i] = typeof tensor.data[i] === 'bigint' ? 3n : 3
  return tensor
}

/** One of a few sizes, around the blocks of products. */
function inner(draw: Draw): number {
  return draw.pick([
    1, 2, 3, 4, 5, 7, 16, 31, 64, 100, 127, 128, 129, 200, 256, 257, 300, 511, 513, 700, 1100,
  ])
}

function columns(draw: Draw): number {
  return draw.pick([1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 32, 33, 64, 65, 100, 129, 260])
}

const matMul: Maker = draw => {
  const [m, k, n] = [draw.pick([1, 1, 2, 3, 5, 9]), inner(draw), columns(draw)]
  const form = draw.whole(0, 6)
  const shapes: [number[], number[]][] = [
    [
      [m, k],
      [k, n],
    ],
    [
      [m, k],
      [k, n],
    ],
    [
      [2, m, k],
      [k, n],
    ],
    [
      [2, m, k],
      [2, k, n],
    ],
    [
      [2, 1, m, k],
      [3, k, n],
    ],
    [[k], [k, n]],
    [[m, k], [k]],
  ]
  const [a, b] = shapes[form]!
  const constant = draw.pick([
    [false, false],
    [false, true],
    [true, false],
  ])
  return { inputs: [draw.tensor('float32', a), draw.tensor('float32', b)], constant }
}

const gemm: Maker = draw => {
  const [m, k, n] = [draw.pick([1, 1, 2, 3, 5, 13]), inner(draw), columns(draw)]
  const [a, b] = [draw.chance(0.4), draw.chance(0.5)]
  const bias = draw.pick([undefined, [n], [1, n], [m, n], [m, 1], [1], []])
  const attributes: Record<string, Attribute> = { transA: int(a ? 1 : 0), transB: int(b ? 1 : 0) }
  if (draw.chance(0.3)) attributes.alpha = float(draw.pick([0.5, 2, 0.3, -1]))
  if (draw.chance(0.3)) attributes.beta = float(draw.pick([0.5, 0, 0.3, -1]))
  const inputs = [draw.tensor('float32', a ? [k, m] : [m, k]), draw.tensor('float32', b ? [n, k] : [k, n])]
  if (bias !== undefined) inputs.push(draw.tensor('float32', bias))
  return { inputs, attributes, constant: [false, draw.chance(0.6), draw.chance(0.5)] }
}

const conv: Maker = draw => {
  const rank = draw.pick([1, 2, 2])
  const group = draw.pick([1, 1, 2, 3])
  const channels = draw.pick([1, 1, 2, 3, 8, 20, 40])
  const filters = draw.pick([1, 1, 2, 3, 7, 20])
  const every = (make: () => number) => Array.from({ length: rank }, make)
  const kernel = every(() => draw.pick([1, 2, 3, 3, 5]))
  if (draw.chance(0.3)) kernel.fill(1)
  const plain = draw.chance(0.4)
  const dilations = plain ? every(() => 1) : every(() => draw.whole(1, 2))
  const strides = plain ? every(() => 1) : every(() => draw.whole(1, 3))
  const sizes = kernel.map((size, i) => (size - 1) * dilations[i]! + draw.pick([1, 1, 2, 4, 7, 12]))
  const attributes: Record<string, Attribute> = {
    kernel_shape: ints(kernel),
    group: int(group),
    strides: ints(strides),
    dilations: ints(dilations),
  }
  if (!plain) attributes.pads = ints([...every(() => draw.whole(0, 2)), ...every(() => draw.whole(0, 2))])
  const inputs = [
    draw.tensor('float32', [draw.whole(1, 2), channels * group, ...sizes]),
    draw.tensor('float32', [filters * group, channels, ...kernel]),
  ]
  if (draw.chance(0.5)) inputs.push(draw.tensor('float32', [filters * group]))
  return { inputs, attributes, constant: [false, draw.chance(0.7), draw.chance(0.5)] }
}

const matMulInteger: Maker = draw => {
  const [m, k, n] = [draw.whole(1, 5), inner(draw), columns(draw)]
  const left = draw.pick(['uint8', 'int8'] as const)
  const right = draw.pick(['uint8', 'int8'] as const)
  const stack = draw.chance(0.3)
  const inputs: (Tensor | undefined)[] = [
    draw.tensor(left, stack ? [2, m, k] : [m, k]),
    draw.tensor(right, stack && draw.chance(0.5) ? [2, k, n] : [k, n]),
  ]
  const zero = draw.whole(0, 2)
  if (zero > 0) inputs.push(draw.tensor(left, []))
  if (zero > 1) inputs.push(draw.tensor(right, !stack && draw.chance(0.5) ? [n] : []))
  return { inputs, constant: [false, draw.chance(0.6), draw.chance(0.5), draw.chance(0.5)] }
}

const scales = (draw: Draw) =>
  scalar('float32', Math.fround((1 + draw.random.uniform()) * 2 ** draw.whole(-12, 3)))

const quantize: Maker = draw => {
  const dims = draw.dims(draw.whole(1, 3), 20)
  const type = draw.pick(['uint8', 'int8'] as const)
  const axis = draw.whole(0, dims.length - 1)
  const by = draw.chance(0.4)
  const scale = by
    ? {
        type: 'float32' as const,
        dims: [dims[axis]!],
        data: Float32Array.from({ length: dims[axis]! }, () => scales(draw).data[0] as number),
      }
    : scales(draw)
  const inputs: Tensor[] = [draw.tensor('float32', dims), scale]
  if (draw.chance(0.8)) inputs.push(draw.tensor(type, scale.dims))
  return { inputs, attributes: by ? { axis: int(axis) } : {} }
}

const dequantize: Maker = draw => {
  const dims = draw.dims(draw.whole(1, 3), 20)
  const type = draw.pick(['uint8', 'int8', 'int32'] as const)
  const axis = draw.whole(0, dims.length - 1)
  const by = draw.chance(0.4)
  const scale = by
    ? {
        type: 'float32' as const,
        dims: [dims[axis]!],
        data: Float32Array.from({ length: dims[axis]! }, () => scales(draw).data[0] as number),
      }
    : scales(draw)
  const inputs: Tensor[] = [draw.tensor(type, dims), scale]
  if (type !== 'int32' && draw.chance(0.8)) inputs.push(draw.tensor(type, scale.dims))
  return { inputs, attributes: by ? { axis: int(axis) } : {} }
}

const qLinearMatMul: Maker = draw => {
  const [m, k, n] = [draw.whole(1, 5), inner(draw), columns(draw)]
  const type = draw.pick(['uint8', 'int8'] as const)
  const right = type === 'int8' ? 'int8' : draw.pick(['uint8', 'int8'] as const)
  return {
    inputs: [
      draw.tensor(type, [m, k]),
      scales(draw),
      draw.tensor(type, []),
      draw.tensor(right, [k, n]),
      scales(draw),
      draw.tensor(right, []),
      scalar('float32', Math.fround((1 + draw.random.uniform()) * 2 ** draw.whole(-2, 14))),
      draw.tensor(type, []),
    ],
    constant: [false, true, true, draw.chance(0.7), true, true, true, true],
  }
}

const reduce =
  (axesInput: boolean): Maker =>
  draw => {
    const dims = draw.dims(draw.whole(1, 4), 11)
    const first = draw.whole(0, dims.length - 1)
    const last = draw.whole(first, dims.length - 1)
    const axes = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    const attributes: Record<string, Attribute> = { keepdims: int(draw.whole(0, 1)) }
    const inputs: Tensor[] = [draw.tensor('float32', dims)]
    if (axesInput) inputs.push(list(...axes))
    else attributes.axes = ints(axes)
    return { inputs, attributes, version: axesInput ? 18 : 12, constant: [false, true] }
  }

const softmax: Maker = draw => {
  const dims = draw.dims(draw.whole(1, 4), 12)
  if (draw.chance(0.3)) dims[dims.length - 1] = inner(draw)
  const version = draw.pick([11, 13, 17])
  const attributes = draw.chance(0.7) ? { axis: int(draw.whole(0, dims.length - 1)) } : {}
  if (version < 13 && dims.length < 2) dims.push(3)
  return { inputs: [draw.tensor('float32', dims)], attributes, version }
}

const layerNorm: Maker = draw => {
  const dims = draw.dims(draw.whole(1, 3), 9)
  if (draw.chance(0.6)) dims[dims.length - 1] = inner(draw)
  const axis = draw.whole(0, dims.length - 1)
  const rest = dims.slice(axis)
  const attributes: Record<string, Attribute> = { axis: int(draw.chance(0.5) ? axis : axis - dims.length) }
  if (draw.chance(0.5)) attributes.epsilon = float(draw.pick([1e-5, 1e-3, 1e-12]))
  const inputs = [draw.tensor('float32', dims), draw.tensor('float32', rest)]
  if (draw.chance(0.7)) inputs.push(draw.tensor('float32', rest))
  return { inputs, attributes, outputs: draw.pick([1, 1, 3]) }
}

const ANY: ElementType[] = ['float32', 'int64', 'uint8', 'bool', 'int32']

const slice: Maker = draw => {
  const dims = draw.dims()
  const axes = dims.map((_, i) => i).filter(() => draw.chance(0.6))
  if (axes.length === 0) axes.push(0)
  const steps = axes.map(() => draw.pick([1, 1, 2, -1, -2]))
  return {
    inputs: [
      draw.tensor(draw.pick(ANY), dims),
      list(...axes.map(axis => draw.whole(-dims[axis]! - 1, dims[axis]! + 1))),
      list(
        ...axes.map(axis => draw.pick([draw.whole(-dims[axis]! - 1, dims[axis]! + 1), 2 ** 40, -(2 ** 40)])),
      ),
      list(...axes),
      list(...steps),
    ],
  }
}

export const MAKERS: Record<string, Maker> = {
  Add: binary(...NUMERIC),
  Sub: binary(...NUMERIC),
  Mul: binary(...NUMERIC),
  Div: draw => {
    const { inputs } = binary(...NUMERIC)(draw)
    return { inputs: [inputs[0], nonZero(inputs[1]!)] }
  },
  Neg: unary('float32', 'float64', 'int8', 'int32', 'int64'),
  Abs: unary('float32', 'float64', 'int32', 'int64', 'int8', 'uint8'),
  Sqrt: unary('float32', 'float64'),
  Reciprocal: unary('float32', 'float64'),
  Floor: unary('float32', 'float64'),
  Ceil: unary('float32', 'float64'),
  Round: unary('float32', 'float64'),
  Relu: unary('float32', 'float64', 'int32', 'int8'),
  LeakyRelu: draw => ({
    ...unary('float32')(draw),
    attributes: draw.chance(0.5) ? { alpha: float(draw.random.normal()) } : {},
  }),
  Clip: draw => {
    const type = draw.pick(['float32', 'float64', 'int32', 'int64', 'uint8', 'int8'] as const)
    const value = draw.tensor(type, draw.dims())
    const bound = (low: number) =>
      draw.chance(0.2)
        ? undefined
        : type === 'int64'
          ? { type, dims: [], data: BigInt64Array.of(BigInt(low)) }
          : scalar(type, type.startsWith('float') ? draw.float() : low)
    return { inputs: [value, bound(3), bound(90)] }
  },
  Cast: draw => {
    const from = draw.pick([
      'float32',
      'float64',
      'int32',
      'int64',
      'uint8',
      'int8',
      'bool',
      'uint32',
    ] as const)
    const to = draw.pick(['float32', 'float64', 'int32', 'int64', 'uint8', 'int8', 'bool', 'uint32'] as const)
    return { inputs: [draw.tensor(from, draw.dims())], attributes: { to: int(elementTypeNumber(to)) } }
  },
  Pow: draw => ({ inputs: [draw.tensor('float32', draw.dims()), scalar('float32', draw.pick([2, 3]))] }),
  Min: draw => {
    const dims = draw.dims()
    const type = draw.pick(['float32', 'float64'] as const)
    return { inputs: Array.from({ length: draw.whole(1, 3) }, () => draw.tensor(type, draw.stretched(dims))) }
  },
  Max: draw => MAKERS.Min!(draw),
  Not: unary('bool'),
  And: binary('bool'),
  Or: binary('bool'),
  Xor: binary('bool'),
  Equal: binary(...NUMERIC, 'bool'),
  Less: binary(...NUMERIC),
  LessOrEqual: binary(...NUMERIC),
  Greater: binary(...NUMERIC),
  GreaterOrEqual: binary(...NUMERIC),
  IsNaN: unary('float32', 'float64'),
  Where: draw => {
    const dims = draw.dims()
    const type = draw.pick(['float32', 'int64', 'uint8', 'int32', 'float64'] as const)
    const parts = [draw.stretched(dims), draw.stretched(dims)].map(part => draw.tensor(type, part))
    return { inputs: [draw.tensor('bool', draw.stretched(dims)), ...parts] }
  },
  MatMul: matMul,
  Gemm: gemm,
  Conv: conv,
  Softmax: softmax,
  LayerNormalization: layerNorm,
  Sigmoid: unary('float32'),
  Tanh: unary('float32'),
  Exp: unary('float32'),
  Erf: unary('float32'),
  Gelu: draw => ({ ...unary('float32')(draw), version: draw.pick([20, 21, 22]) }),
  BatchNormalization: draw => {
    const dims = draw.dims(draw.whole(2, 4), 9)
    const each = () => draw.tensor('float32', [dims[1]!])
    const variance = each()
    for (let i = 0; i < variance.data.length; i++) variance.data[i] = Math.abs(variance.data[i] as number)
    const attributes = draw.chance(0.5) ? { epsilon: float(1e-3) } : {}
    return { inputs: [draw.tensor('float32', dims), each(), each(), each(), variance], attributes }
  },
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: draw => ({ inputs: [draw.tensor('float32', draw.dims())], outputs: 3 }),
  MatMulInteger: matMulInteger,
  QLinearMatMul: qLinearMatMul,
  ConvInteger: draw => {
    const { inputs, attributes } = conv(draw)
    const types = [draw.pick(['uint8'] as const), draw.pick(['uint8', 'int8'] as const)]
    const sides = [0, 1].map(i => draw.tensor(types[i]!, inputs[i]!.dims))
    const zeros = [0, 1].slice(0, draw.whole(0, 2)).map(i => draw.tensor(types[i]!, []))
    return {
      inputs: [...sides, ...zeros],
      attributes: attributes!,
      constant: [false, draw.chance(0.7), true, true],
    }
  },
  QLinearConv: draw => {
    const { inputs, attributes } = conv(draw)
    const type = draw.pick(['uint8', 'int8'] as const)
    const filter = type === 'int8' ? 'int8' : draw.pick(['uint8', 'int8'] as const)
    const { dims } = inputs[1]!
    const by = draw.chance(0.5) ? [dims[0]!] : []
    const filterScales = draw.tensor('float32', by)
    for (let i = 0; i < filterScales.data.length; i++) filterScales.data[i] = scales(draw).data[0] as number
    const given = [
      draw.tensor(type, inputs[0]!.dims),
      scales(draw),
      draw.tensor(type, []),
      draw.tensor(filter, dims),
      filterScales,
      filter === 'int8'
        ? { type: filter, dims: by, data: new Int8Array(elementCount(by)) }
        : draw.tensor(filter, []),
      scalar('float32', Math.fround((1 + draw.random.uniform()) * 2 ** draw.whole(-2, 14))),
      draw.tensor(type, []),
    ]
    if (draw.chance(0.5)) {
      const bias = Int32Array.from({ length: dims[0]! }, () => draw.whole(-40_000, 40_000))
      given.push({ type: 'int32', dims: [dims[0]!], data: bias })
    }
    return { inputs: given, attributes: attributes!, constant: [false, ...given.slice(1).map(() => true)] }
  },
  ReduceSum: reduce(true),
  ReduceMean: draw => reduce(draw.chance(0.5))(draw),
  ReduceMax: draw => reduce(draw.chance(0.5))(draw),
  ReduceMin: draw => reduce(draw.chance(0.5))(draw),
  ArgMax: draw => {
    const dims = draw.dims()
    const attributes = { axis: int(draw.whole(0, dims.length - 1)), keepdims: int(draw.whole(0, 1)) }
    return { inputs: [draw.tensor(draw.pick(['float32', 'int32'] as const), dims)], attributes }
  },
  ArgMin: draw => MAKERS.ArgMax!(draw),
  Identity: unary(...ANY),
  Reshape: draw => {
    const [a, b, c] = [draw.whole(1, 5), draw.whole(1, 5), draw.whole(1, 5)]
    const shape = draw.pick([[a * b, c], [-1, c], [0, -1], [a, 0, c], [a * b * c]])
    return {
      inputs: [draw.tensor(draw.pick(ANY), [a, b, c]), list(...shape)],
      constant: [false, draw.chance(0.5)],
    }
  },
  Flatten: draw => {
    const dims = draw.dims()
    return {
      inputs: [draw.tensor(draw.pick(ANY), dims)],
      attributes: { axis: int(draw.whole(0, dims.length)) },
    }
  },
  Squeeze: draw => ({
    inputs: [draw.tensor(draw.pick(ANY), [1, 3, 1, 2]), ...(draw.chance(0.5) ? [list(0)] : [])],
  }),
  Unsqueeze: draw => ({
    inputs: [draw.tensor(draw.pick(ANY), draw.dims(2)), list(...draw.pick([[0], [-1], [0, 3]]))],
  }),
  Transpose: draw => {
    const dims = draw.dims()
    const order = dims.map((_, i) => i)
    const drawn = Int32Array.from(order)
    draw.random.shuffle(drawn)
    return {
      inputs: [draw.tensor(draw.pick(ANY), dims)],
      attributes: draw.chance(0.8) ? { perm: ints([...drawn]) } : {},
    }
  },
  Concat: draw => {
    const dims = draw.dims()
    const axis = draw.whole(0, dims.length - 1)
    const type = draw.pick(ANY)
    return {
      inputs: Array.from({ length: draw.whole(1, 4) }, () =>
        draw.tensor(type, dims.with(axis, draw.whole(1, 5))),
      ),
      attributes: { axis: int(axis) },
    }
  },
  Split: draw => {
    const dims = draw.dims()
    const axis = draw.whole(0, dims.length - 1)
    const sizes = [draw.whole(1, 3), draw.whole(1, 3), draw.whole(1, 3)]
    dims[axis] = sizes[0]! + sizes[1]! + sizes[2]!
    return {
      inputs: [draw.tensor('float32', dims), list(...sizes)],
      attributes: { axis: int(axis) },
      constant: [false, true],
      outputs: 3,
    }
  },
  Slice: slice,
  Gather: draw => {
    const dims = draw.dims()
    const axis = draw.whole(0, dims.length - 1)
    const at = draw.dims(draw.whole(0, 2))
    const data = BigInt64Array.from({ length: elementCount(at) }, () =>
      BigInt(draw.whole(-dims[axis]!, dims[axis]! - 1)),
    )
    return {
      inputs: [draw.tensor(draw.pick(ANY), dims), { type: 'int64', dims: at, data }],
      attributes: { axis: int(axis) },
    }
  },
  GatherElements: draw => {
    const dims = draw.dims()
    const axis = draw.whole(0, dims.length - 1)
    const at = dims.with(axis, draw.whole(1, 5))
    const data = BigInt64Array.from({ length: elementCount(at) }, () =>
      BigInt(draw.whole(-dims[axis]!, dims[axis]! - 1)),
    )
    return {
      inputs: [draw.tensor('float32', dims), { type: 'int64', dims: at, data }],
      attributes: { axis: int(axis) },
    }
  },
  Expand: draw => {
    const dims = draw.dims()
    return {
      inputs: [
        draw.tensor(draw.pick(['float32', 'int64', 'int32'] as const), draw.stretched(dims)),
        list(...dims),
      ],
    }
  },
  Tile: draw => {
    const dims = draw.dims(draw.whole(1, 3), 4)
    return {
      inputs: [
        draw.tensor(draw.pick(['float32', 'int64'] as const), dims),
        list(...dims.map(() => draw.whole(1, 3))),
      ],
    }
  },
  Pad: draw => {
    const dims = draw.dims(draw.whole(1, 3), 4)
    const pads = list(...[...dims, ...dims].map(() => draw.whole(0, 3)))
    const value = draw.chance(0.5) ? [scalar('float32', draw.float())] : []
    return {
      inputs: [draw.tensor('float32', dims), pads, ...value],
      attributes: draw.chance(0.5) ? { mode: text('constant') } : {},
    }
  },
  OneHot: draw => {
    const dims = draw.dims(draw.whole(1, 2), 5)
    const data = BigInt64Array.from({ length: elementCount(dims) }, () => BigInt(draw.whole(-8, 8)))
    return {
      inputs: [{ type: 'int64', dims, data }, list(6), draw.tensor('float32', [2])],
      attributes: { axis: int(draw.whole(-1, dims.length)) },
    }
  },
  Shape: unary(...ANY),
  ConstantOfShape: draw => ({
    inputs: [list(...draw.dims())],
    attributes: draw.chance(0.5)
      ? { value: { type: 'tensor', value: { type: 'int64', dims: [1], data: BigInt64Array.of(7n) } } }
      : {},
  }),
}

/** One case of an operator. */
export function caseOf(operator: string, draw: Draw): OperatorCase {
  const {
    inputs,
    attributes = {},
    constant = [],
    outputs = 1,
    version = draw.pick([17, 17, 18, 19, 20, 21, 22]),
  } = MAKERS[operator]!(draw)
  return {
    inputs,
    node: {
      index: 0,
      name: '',
      operator,
      domain: '',
      version,
      inputs: inputs.map((tensor, i) => (tensor === undefined ? '' : `i${i}`)),
      constant: inputs.map((_, i) => constant[i] ?? false),
      outputs: Array.from({ length: outputs }, (_, i) => `o${i}`),
      attributes,
    },
  }
}
