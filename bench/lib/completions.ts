/** Pools of completions of the small model and of versions of it, to draw pairs from. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { editedGguf, perturbedGguf, quantisedGguf } from '@answerable/node/models'
import { type CacheType, DEFAULT_SAMPLING, findLlama, LlamaModel } from '@answerable/node/runtime'

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
  /** In place of the one that was asked for. */
  temperature?: number
  /** Of the cache; another than the trusted copy has. */
  cacheType?: CacheType
}

const quantised = (type: 'Q8_0' | 'Q5_0' | 'Q4_0'): Version => ({
  name: `quantised to ${type}`,
  change: file => quantisedGguf(file, type),
})

/** Of the weights. */
export const CHANGED: readonly Version[] = [
  {
    name: 'another model (each weight moved by its tensor’s r.m.s.)',
    change: file => perturbedGguf(file, { size: 1, seed: 1 }),
  },
  {
    name: 'a near relative (moved by a tenth of it)',
    change: file => perturbedGguf(file, { size: 0.1, seed: 1 }),
  },
  quantised('Q4_0'),
  quantised('Q5_0'),
  quantised('Q8_0'),
  {
    name: 'one weight of 260,000 changed by 0.1',
    change: file => editedGguf(file, { tensor: 'blk.2.attn_q.weight', at: 100, by: 0.1 }),
  },
]

/** Of the sampling, where temperature 1 is asked for. */
export const WARMER: readonly Version[] = [0.7, 0.8, 0.9, 1.1].map(temperature => ({
  name: `temperature ${temperature} for 1`,
  temperature,
}))

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

  async pool(version: Omit<Version, 'name'>, ofEach: number): Promise<Pool> {
    const model = await LlamaModel.open(this.file(version), { name: 'pool', version: '1' })
    try {
      const pool: string[][] = []
      for (const text of PROMPTS) {
        const texts: string[] = []
        for (let i = 0; i < ofEach; i++)
          texts.push(await this.#complete(model, text, version.temperature ?? 1, TOKENS))
        pool.push(texts)
      }
      return pool
    } finally {
      await model.close()
    }
  }

  /** One answer to each prompt: greedy, unless the version has a temperature. */
  async answers(
    version: Omit<Version, 'name'>,
    prompts: readonly string[],
    tokens: number,
  ): Promise<string[]> {
    const { cacheType = 'F16', temperature = 0 } = version
    const model = await LlamaModel.open(this.file(version), { name: 'answers', version: '1', cacheType })
    try {
      const answers: string[] = []
      for (const prompt of prompts) answers.push(await this.#complete(model, prompt, temperature, tokens))
      return answers
    } finally {
      await model.close()
    }
  }

  /** A file of the version. It may be written over by the next. */
  file({ change }: Omit<Version, 'name'> = {}): string {
    const path = join(this.#folder, 'version.gguf')
    writeFileSync(path, change === undefined ? this.#bytes : change(this.#bytes).bytes)
    return path
  }

  async #complete(model: LlamaModel, prompt: string, temperature: number, tokens: number): Promise<string> {
    const seed = this.#seed++
    const asked = { ...DEFAULT_SAMPLING, temperature, seed, maxTokens: tokens, stop: [] }
    let text = ''
    for await (const piece of model.generate({ ...asked, prompt: model.textPrompt(prompt) }, NEVER))
      text += piece
    return text
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const NEVER = new AbortController().signal
