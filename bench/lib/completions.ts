/** Pools of completions of the small model and of versions of it, to draw pairs from. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { editedGguf, perturbedGguf, quantisedGguf } from '@answerable/node/models'
import { DEFAULT_SAMPLING, findLlama, LlamaModel } from '@answerable/node/runtime'

const FILE = join(import.meta.dirname, '../../../shared/models/stories260K.gguf')
export const TOKENS = 24

export const PROMPTS = [
  'Once upon a time, there was',
  'Lily and Tom went to the park.',
  'One day, a big dog',
  'The old tree was',
  'Mom said to Ben,',
  'There was a little bird who',
  'It was a sunny day and',
  'The girl found a box.',
]

export interface Version {
  name: string
  /** Of the file; the file as it is where there is none. */
  change?: (file: Uint8Array) => { bytes: Uint8Array }
  temperature?: number
}

const Q = (type: 'Q8_0' | 'Q5_0' | 'Q4_0') => ({
  name: `quantised to ${type}`,
  change: (file: Uint8Array) => quantisedGguf(file, type),
})

export const SUBSTITUTIONS: readonly Version[] = [
  {
    name: 'another model (every weight moved by its tensor’s r.m.s.)',
    change: file => perturbedGguf(file, { size: 1, seed: 1 }),
  },
  {
    name: 'a near relative (moved by a tenth of it)',
    change: file => perturbedGguf(file, { size: 0.1, seed: 1 }),
  },
  Q('Q4_0'),
  Q('Q5_0'),
  Q('Q8_0'),
  { name: 'temperature 0.8 for 1', temperature: 0.8 },
  { name: 'temperature 0.9 for 1', temperature: 0.9 },
  { name: 'temperature 1.1 for 1', temperature: 1.1 },
  {
    name: 'one weight of 260,000 changed by 0.1',
    change: file => editedGguf(file, { tensor: 'blk.2.attn_q.weight', at: 100, by: 0.1 }),
  },
]

/** Completions by prompt. */
export type Pool = readonly (readonly string[])[]

/** Throws where the model or its runtime is not there. */
export class Completions {
  readonly #bytes: Uint8Array
  readonly #folder: string
  #seed: number

  /** Seeds are counted from `seed` on, so that the same numbers give the same pools. */
  constructor(seed: number) {
    if (!existsSync(FILE)) throw new Error(`${FILE} is not there: it lies outside the repository`)
    if (findLlama() === undefined) throw new Error('the GGUF runtime is not installed: npm run llama')
    this.#bytes = readFileSync(FILE)
    this.#folder = mkdtempSync(join(tmpdir(), 'answerable-bench-'))
    this.#seed = seed
  }

  async pool({ change, temperature = 1 }: Omit<Version, 'name'>, ofEach: number): Promise<Pool> {
    const path = join(this.#folder, 'version.gguf')
    writeFileSync(path, change === undefined ? this.#bytes : change(this.#bytes).bytes)
    const model = await LlamaModel.open(path, { name: 'pool', version: '1' })
    const { signal } = new AbortController()
    try {
      const pool: string[][] = []
      for (const text of PROMPTS) {
        const prompt = model.textPrompt(text)
        const texts: string[] = []
        for (let i = 0; i < ofEach; i++) {
          const seed = this.#seed++
          const sampling = { ...DEFAULT_SAMPLING, temperature, seed, maxTokens: TOKENS, stop: [], prompt }
          let text = ''
          for await (const piece of model.generate(sampling, signal)) text += piece
          texts.push(text)
        }
        pool.push(texts)
      }
      return pool
    } finally {
      await model.close()
    }
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
