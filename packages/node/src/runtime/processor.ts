/** The processor that results are computed on: numeric libraries pick their kernels by it. */
import { readFileSync } from 'node:fs'
import { arch, cpus } from 'node:os'
import type { RuntimeDescription } from './runtime.ts'

/** Instruction sets by which onnxruntime and llama.cpp choose kernels, as Linux spells them (x86, then Arm). */
const RELEVANT =
  /^(avx|avx2|f16c|fma|fma4|avx_vnni\w*|avx512\w*|amx_\w+|asimd\w*|bf16|fphp|i8mm|sve\w*|sme\d*)$/

let known: RuntimeDescription['processor'] | undefined

/** Read once: a process does not move to another processor type while it runs. */
export function describeProcessor(): RuntimeDescription['processor'] {
  known ??= read()
  return known
}

function read(): RuntimeDescription['processor'] {
  const processor = { architecture: arch(), model: cpus()[0]?.model.trim() || 'unknown' }
  const features = linuxFeatures()
  return features === undefined ? processor : { ...processor, features }
}

/** Undefined where the system does not tell. */
function linuxFeatures(): string[] | undefined {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
    if (line === undefined) return undefined
    return line
      .split(' ')
      .filter(flag => RELEVANT.test(flag))
      .sort()
  } catch {
    return undefined
  }
}
