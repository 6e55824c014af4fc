/**
 * Models that are not the one they claim to be: coarser, edited and different versions of a GGUF file, to see what a
 * re-run or a comparison of answers notices. Each is made of the file's bytes alone, the same every time.
 */
import { AnswerableError } from '@answerable/core'
import {
  BLOCKS,
  F16,
  F32,
  type GgufFile,
  type GgufTensor,
  parseGguf,
  Q4_0,
  Q5_0,
  Q8_0,
  withNumber,
  writeGguf,
} from './gguf-file.ts'
import { dataOf, weightsOf } from './gguf-weights.ts'
import { Prng } from './prng.ts'

export const GGUF_TYPES = { F16, Q8_0, Q5_0, Q4_0 } as const
export type GgufType = keyof typeof GGUF_TYPES

/** llama_ftype by number: what a file of mostly this type calls itself. */
const FILE_TYPES: Record<GgufType, number> = { F16: 1, Q8_0: 7, Q5_0: 8, Q4_0: 2 }

export interface GgufVariant {
  bytes: Uint8Array
  /** Names of the tensors that were changed. */
  changed: string[]
  /** Names of the tensors that stayed as they were, with the reason. */
  kept: { tensor: string; why: string }[]
}

/**
 * The model with its matrices in a coarser type. Vectors stay as they are, and so do matrices whose rows make no whole
 * blocks (of stories260K the feed-forward width of 172): `kept` names each. Throws `bad-model`, also for a file that is
 * quantised already.
 */
export function quantisedGguf(file: Uint8Array, type: GgufType): GgufVariant {
  const to = GGUF_TYPES[type]
  const gguf = parseGguf(file)
  const variant = changeEach(gguf, tensor => {
    const row = tensor.dimensions[0]!
    if (tensor.dimensions.length < 2) return 'a vector'
    if (row % BLOCKS[to]!.weights !== 0) return `rows of ${row} do not divide by ${BLOCKS[to]!.weights}`
    return { ...tensor, type: to, data: dataOf(weightsOf(unquantised(tensor)), to) }
  })
  let { metadata } = variant.gguf
  metadata = withNumber(metadata, 'general.file_type', FILE_TYPES[type])
  if (type !== 'F16') metadata = withNumber(metadata, 'general.quantization_version', 2)
  return finished({ ...variant, gguf: { ...variant.gguf, metadata } })
}

export interface GgufEdit {
  tensor: string
  /** Which weight of it, from 0. */
  at: number
  /** What is added to it. */
  by: number
}

/** The model with one weight changed. Throws `bad-model`, also where there is no such weight. */
export function editedGguf(file: Uint8Array, { tensor: name, at, by }: GgufEdit): GgufVariant {
  const gguf = parseGguf(file)
  const variant = changeEach(gguf, tensor => {
    if (tensor.name !== name) return 'not the one'
    const weights = weightsOf(unquantised(tensor))
    if (!(at >= 0 && at < weights.length))
      throw new AnswerableError('bad-model', `GGUF: the tensor ${name} has no weight ${at}`)
    weights[at]! += by
    return { ...tensor, data: dataOf(weights, tensor.type) }
  })
  if (variant.changed.length === 0) throw new AnswerableError('bad-model', `GGUF: there is no tensor ${name}`)
  return finished(variant)
}

export interface GgufNoise {
  /** How far each weight moves: a multiple of its tensor's root mean square. At 10 little of the model is left. */
  size: number
  seed: number
}

/** Another model of the same architecture: every weight moved at random. Throws `bad-model`. */
export function perturbedGguf(file: Uint8Array, { size, seed }: GgufNoise): GgufVariant {
  const random = new Prng(seed)
  return finished(
    changeEach(parseGguf(file), tensor => {
      const weights = weightsOf(unquantised(tensor))
      let squares = 0
      for (const weight of weights) squares += weight * weight
      const by = size * Math.sqrt(squares / weights.length)
      for (let i = 0; i < weights.length; i++) weights[i]! += by * random.normal()
      return { ...tensor, data: dataOf(weights, tensor.type) }
    }),
  )
}

interface Changed extends Omit<GgufVariant, 'bytes'> {
  gguf: GgufFile
}

/** `change` gives a tensor in another form, or says why it stays. */
function changeEach(gguf: GgufFile, change: (tensor: GgufTensor) => GgufTensor | string): Changed {
  const changed: string[] = []
  const kept: GgufVariant['kept'] = []
  const tensors = gguf.tensors.map(tensor => {
    const result = change(tensor)
    if (typeof result === 'string') {
      kept.push({ tensor: tensor.name, why: result })
      return tensor
    }
    changed.push(tensor.name)
    return result
  })
  return { gguf: { ...gguf, tensors }, changed, kept }
}

function finished({ gguf, changed, kept }: Changed): GgufVariant {
  return { bytes: writeGguf(gguf), changed, kept }
}

function unquantised(tensor: GgufTensor): GgufTensor {
  if (tensor.type === F32 || tensor.type === F16) return tensor
  throw new AnswerableError(
    'bad-model',
    `GGUF: the tensor ${tensor.name} is of ${BLOCKS[tensor.type]?.name}; variants are made of F32 and F16`,
  )
}
