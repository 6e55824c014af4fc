/** GGUF models, the settings in which honest operators run them, and those who are not honest, for the bench of audits. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TokenMargin } from '@answerable/core/audit'
import { editedGguf, type GgufVariant, perturbedGguf, quantisedGguf } from '@answerable/node/models'
import { LlamaReplay, recordedModel } from '@answerable/node/replay'
import { findLlama, LlamaModel, type LlamaOptions } from '@answerable/node/runtime'
import type { Lie } from '../../packages/node/src/replay/records.fixture.ts'

export const STORIES = join(import.meta.dirname, '../../../shared/models/stories260K.gguf')

/** In which an honest operator, or an auditor, may run a model; the first is the gateway's own. */
export const SETTINGS: Record<string, Partial<LlamaOptions>> = {
  'as the gateway': {},
  'batches of 16': { batchSize: 16 },
  'batches of 1': { batchSize: 1 },
  'F32 cache': { cacheType: 'F32' },
  'flash attention': { flashAttention: true },
}

/** Threads wait for each other by turning in circles, which takes minutes where processors are shared: so few records. */
export const TWO_THREADS: Partial<LlamaOptions> = { threads: 2 }

/** Beginnings that the model was trained to go on from: 48 of them, and none. */
const PROMPTS = [
  '',
  ...['Tom', 'Lily', 'A little dog', 'Sue and Ben', 'The old man', 'One day a cat'].flatMap(who =>
    [
      ' went to the park.',
      ' saw a big red ball.',
      ' was very sad because',
      ' found a box in the garden. It was',
      ' liked to play with',
      ' wanted to help. So',
      ' had a new toy.',
      ' was hungry.',
    ].map(what => who + what),
  ),
]

/** What a caller asks: another for every seed. */
export function asked(seed: number, tokens: number, temperature?: number): Record<string, unknown> {
  const kinds = [
    { temperature: 0 },
    { temperature: 1 },
    { temperature: 0.7, top_p: 0.9 },
    { temperature: 1, top_k: 20, min_p: 0.02 },
    { temperature: 1.3, seed },
  ]
  return {
    prompt: PROMPTS[(seed * 5) % PROMPTS.length],
    max_tokens: tokens,
    ...(temperature === undefined ? kinds[seed % kinds.length] : { temperature }),
  }
}

/** An auditor with a model open in some setting, and the calibrated margin, or another. */
export function auditorOn(model: LlamaModel, quantised: boolean, margin?: TokenMargin): LlamaReplay {
  const { name, version, manifest, runtime } = model.describe()
  const recorded = recordedModel({
    name,
    version,
    manifest: { sha256: manifest },
    runtime: { ...runtime },
  } as never)
  if (typeof recorded === 'string') throw new Error(recorded)
  return LlamaReplay.on(model, recorded, { quantised, ...(margin && { margin }) })
}

export function open(file: string, options: Partial<LlamaOptions> = {}): Promise<LlamaModel> {
  return LlamaModel.open(file, { name: 'm', version: '1', ...options })
}

/** Files of the model in coarser types, by type. Which tensors stay as they are is said. */
export function variants(folder: string, say: (line: string) => void): Record<string, string> {
  const original = readFileSync(STORIES)
  const files: Record<string, string> = { F32: STORIES }
  for (const type of ['F16', 'Q8_0', 'Q5_0', 'Q4_0'] as const) {
    const variant = quantisedGguf(original, type)
    const odd = variant.kept.filter(({ why }) => why !== 'a vector')
    if (odd.length > 0) say(`${type}: ${odd.length} matrices stay F32 (${odd[0]!.why})`)
    files[type] = written(folder, type, variant)
  }
  return files
}

export interface Substitution {
  name: string
  /** What the operator runs, of the F32 model that the record names. */
  file: string
  options?: Partial<LlamaOptions>
  lie?: Lie
  /** Of drawn answers alone. */
  drawn?: boolean
}

export function substitutions(folder: string, files: Record<string, string>): Substitution[] {
  const original = readFileSync(STORIES)
  const noise = (size: number) => written(folder, `noise-${size}`, perturbedGguf(original, { size, seed: 1 }))
  const edit = (by: number) =>
    written(folder, `edit-${by}`, editedGguf(original, { tensor: 'blk.2.attn_q.weight', at: 5, by }))
  const types = ['Q4_0', 'Q5_0', 'Q8_0', 'F16'].map(type => ({ name: `${type} weights`, file: files[type]! }))
  return [
    { name: 'another model (every weight moved by twice its size)', file: noise(2) },
    { name: 'a near model (every weight moved by 5% of its size)', file: noise(0.05) },
    { name: 'a very near model (1%)', file: noise(0.01) },
    ...types,
    { name: 'temperature 0.8', file: STORIES, lie: { asks: { temperature: 0.8 } }, drawn: true },
    { name: 'temperature 0.95', file: STORIES, lie: { asks: { temperature: 0.95 } }, drawn: true },
    { name: 'a shopped seed', file: STORIES, lie: { seed: seed => (seed ^ 1) >>> 0 }, drawn: true },
    { name: 'one weight changed by 1', file: edit(1) },
    { name: 'one weight changed by 0.1', file: edit(0.1) },
    { name: 'one weight changed by 0.01', file: edit(0.01) },
    { name: 'F32 cache, where F16 is claimed', file: STORIES, options: { cacheType: 'F32' } },
  ]
}

function written(folder: string, name: string, { bytes }: Pick<GgufVariant, 'bytes'>): string {
  const file = join(folder, `${name}.gguf`)
  writeFileSync(file, bytes)
  return file
}

/**
 * Copies of the runtime that have the kernels of an older processor alone, by their name: the nearest thing to a second
 * processor that one machine has. None where the runtime is not built that way.
 */
export function olderKernels(folder: string): Record<string, string> {
  const installed = findLlama()
  if (installed === undefined) return {}
  const modules = dirname(installed)
  const runtimes: Record<string, string> = {}
  for (const kernel of ['haswell', 'sandybridge', 'x64']) {
    const to = join(folder, `llama-${kernel}`)
    cpSync(modules, join(to, 'node_modules'), { recursive: true })
    const bins = join(to, 'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64')
    let left = 0
    try {
      for (const name of readdirSync(bins)) {
        if (name === `libggml-cpu-${kernel}.so`) left++
        else if (name.startsWith('libggml-cpu-')) rmSync(join(bins, name))
      }
    } catch {
      // Another platform's package.
    }
    if (left === 1) runtimes[kernel] = to
  }
  return runtimes
}
