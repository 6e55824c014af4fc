/** Whether a model's weights are in blocks that share a scale: honest runs then lie further apart. */
import { readHeaderOf } from '../model-store/model-header.ts'

/** Types of tensors that hold each weight by itself. */
const WHOLE = new Set(['F32', 'F16', 'BF16', 'F64'])

/** Throws as `readHeaderOf` does. */
export function isQuantised(file: string): boolean {
  const header = readHeaderOf(file)
  return header.format === 'gguf' && !Object.keys(header.tensorTypes).every(type => WHOLE.has(type))
}
