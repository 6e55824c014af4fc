/** The header of a model file, by the format that its first bytes have. */
import { type ByteSource, badModel } from './byte-source.ts'
import { type GgufHeader, readGgufHeader } from './gguf-header.ts'
import { type OnnxHeader, readOnnxHeader } from './onnx-header.ts'
import { readSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.ts'

export const MODEL_FORMATS = ['onnx', 'gguf', 'safetensors'] as const
export type ModelFormat = (typeof MODEL_FORMATS)[number]
export type ModelHeader = OnnxHeader | GgufHeader | SafetensorsHeader

/** The format that a name's ending or the first eight bytes of a file have; undefined for neither. */
export function formatOf(name: string, head: Uint8Array): ModelFormat | undefined {
  const [, ending] = /\.(onnx|gguf|safetensors)$/i.exec(name) ?? []
  if (ending !== undefined) return ending.toLowerCase() as ModelFormat
  return [0x47, 0x47, 0x55, 0x46].every((byte, i) => head[i] === byte) ? 'gguf' : undefined
}

/**
 * Reads the header of a file called `name`. However long the parts that it claims, at most 32 MiB are read of it in all
 * and a few thousand values are kept. Throws `bad-model`.
 */
export function readModelHeader(name: string, source: ByteSource): ModelHeader {
  const format = formatOf(name, source.read(0, 8))
  if (format === 'onnx') return readOnnxHeader(source)
  if (format === 'gguf') return readGgufHeader(source)
  if (format === 'safetensors') return readSafetensorsHeader(source)
  throw badModel('neither an ONNX, a GGUF nor a safetensors file by its name or first bytes')
}
