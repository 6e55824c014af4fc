/**
 * Serves GGUF models with llama.cpp on the processor, so that an answer can be repeated: one thread, no flash
 * attention, and every generation from an empty cache, since what a cache holds changes how the prompt is batched.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { AnswerableError } from '@answerable/core'
import { type ChatTurn, LlamaChat, type Prompt } from './llama-chat.ts'
import { type LlamaContext, type LlamaLibrary, type LlamaWeights, loadLlama } from './llama-library.ts'
import { describeProcessor } from './processor.ts'
import type { ModelDescription } from './runtime.ts'
import { StopText } from './stop-text.ts'
import { type GenerationEnd, TextRun } from './text-run.ts'
import { TokenText } from './token-text.ts'

export interface LlamaOptions {
  name: string
  version: string
  /** The file's digest, in hex, where it must be that. */
  sha256?: string
  /** In tokens. By default what the model was trained on, and 4,096 at most. */
  contextSize?: number
  /** How many tokens of a prompt are computed together; 512 at most by default. Another size is another result. */
  batchSize?: number
  /** 1 unless told; results were the same with more. */
  threads?: number
  /** Of the cache of keys and values; F16 unless told. */
  cacheType?: CacheType
  /** Off unless told: another result. */
  flashAttention?: boolean
}

export type CacheType = 'F16' | 'F32'

/** What a result depends on besides the prompt; a call that leaves one out gets the default. */
export interface Sampling {
  temperature: number
  topP: number
  /** 0 for all tokens. */
  topK: number
  minP: number
}
export const DEFAULT_SAMPLING: Sampling = { temperature: 1, topP: 1, topK: 0, minP: 0 }
/** The highest seed: llama.cpp takes the number after it for a random one. */
export const MAX_SEED = 0xfffffffe

export interface Generation extends Sampling {
  prompt: Prompt
  /** Unused at temperature 0. */
  seed: number
  maxTokens: number
  stop: readonly string[]
}

export type { GenerationEnd } from './text-run.ts'

const DEFAULT_CONTEXT = 4096
const MOST_BATCH = 512
const CACHE_TYPE: CacheType = 'F16'

export class LlamaModel {
  readonly #weights: LlamaWeights
  readonly #context: LlamaContext
  readonly #sequence: ReturnType<LlamaContext['getSequence']>
  readonly #chat: LlamaChat
  readonly #description: ModelDescription
  #busy = false
  #middle: number[] | undefined

  private constructor(
    library: LlamaLibrary,
    weights: LlamaWeights,
    context: LlamaContext,
    options: LlamaOptions,
    manifest: string,
  ) {
    this.#weights = weights
    this.#context = context
    this.#sequence = context.getSequence()
    this.#chat = new LlamaChat(library, weights)
    const { release } = library.llama.llamaCppRelease
    const cacheType = options.cacheType ?? CACHE_TYPE
    this.#description = {
      name: options.name,
      version: options.version,
      manifest,
      runtime: {
        name: 'node-llama-cpp',
        version: library.version,
        configuration: {
          'llama.cpp': release,
          kernels: library.llama.systemInfo.trim(),
          gpu: false,
          threads: context.currentThreads,
          contextSize: this.#sequence.contextSize,
          batchSize: context.batchSize,
          sequences: 1,
          flashAttention: context.flashAttention,
          kvCacheKeyType: cacheType,
          kvCacheValueType: cacheType,
          cacheReuse: false,
          chatTemplate: this.#chat.description,
          defaultTemperature: DEFAULT_SAMPLING.temperature,
          defaultTopP: DEFAULT_SAMPLING.topP,
          defaultTopK: DEFAULT_SAMPLING.topK,
          defaultMinP: DEFAULT_SAMPLING.minP,
        },
        processor: describeProcessor(),
      },
    }
  }

  /**
   * Opens the model in `file`. Throws `not-found`, `bad-config` where the runtime is not installed or the file is not
   * the one that `sha256` names, and `bad-format` for what llama.cpp cannot open.
   */
  static async open(file: string, options: LlamaOptions): Promise<LlamaModel> {
    const before = await identityOf(file)
    const library = await loadLlama()
    const manifest = await digestOf(file)
    if (options.sha256 !== undefined && options.sha256 !== manifest)
      throw new AnswerableError(
        'bad-config',
        `${file} has the digest ${manifest}, and the configuration names ${options.sha256}`,
      )
    let weights: LlamaWeights | undefined
    try {
      weights = await library.llama.loadModel({
        modelPath: file,
        gpuLayers: 0,
        // Read into memory once: a mapped file that changes would change the model while it runs.
        useMmap: false,
      })
      const contextSize = options.contextSize ?? Math.min(weights.trainContextSize, DEFAULT_CONTEXT)
      const context = await weights.createContext({
        sequences: 1,
        contextSize,
        batchSize: options.batchSize ?? Math.min(contextSize, MOST_BATCH),
        threads: options.threads ?? 1,
        flashAttention: options.flashAttention ?? false,
        experimentalKvCacheKeyType: options.cacheType ?? CACHE_TYPE,
        experimentalKvCacheValueType: options.cacheType ?? CACHE_TYPE,
      })
      // The digest is of what was read before, and the library read it again: it must have been the same.
      if ((await identityOf(file)) !== before && (await digestOf(file)) !== manifest)
        throw new Error('the file changed while it was being opened')
      return new LlamaModel(library, weights, context, options, manifest)
    } catch (cause) {
      await weights?.dispose()
      throw new AnswerableError('bad-format', `cannot open the model ${file}: ${messageOf(cause)}`, { cause })
    }
  }

  describe(): ModelDescription {
    return this.#description
  }

  get contextSize(): number {
    return this.#sequence.contextSize
  }

  /** A prompt as it is. Special tokens that are spelt out in it are text. Throws `bad-request` where it is too long. */
  textPrompt(text: string): Prompt {
    return this.#checked({ tokens: this.#weights.tokenize(text, false), stop: [], stopTokens: [] })
  }

  /** Throws `bad-request` where it is too long, or the model's template refuses it. */
  chatPrompt(turns: readonly ChatTurn[]): Prompt {
    return this.#checked(this.#chat.prompt(turns))
  }

  /** The text of a token in the middle of others. */
  pieceOf(token: number): string {
    this.#middle ??= this.#weights.tokenize('a', false).slice(-1)
    return this.#weights.detokenize([token], false, this.#middle)
  }

  /** What becomes of the tokens of an answer, as `generate` has it. */
  textRun({ prompt, stop, maxTokens }: Pick<Generation, 'prompt' | 'stop' | 'maxTokens'>): TextRun {
    return new TextRun({
      decoder: new TokenText((...args) => this.#weights.detokenize(...args), prompt.tokens),
      stops: new StopText([...stop, ...prompt.stop]),
      most: Math.min(maxTokens, this.contextSize - prompt.tokens.length),
      isEnd: token => this.#isEnd(token) || prompt.stopTokens.includes(token),
    })
  }

  /** Generates text, a piece at a time. One at a time: throws `conflict` while another runs. */
  async *generate(generation: Generation, signal: AbortSignal): AsyncGenerator<string, GenerationEnd> {
    this.#take()
    try {
      return yield* this.#generate(generation, signal)
    } finally {
      this.#busy = false
    }
  }

  /**
   * The scores of every next token after the prompt, one token a call, just as `generate` computes them: natural
   * logarithms of the probabilities at temperature 1, by token. `next` takes the token to go on with. One at a time, like
   * `generate`; without end, so the caller counts: the context holds `contextSize` tokens.
   */
  async *score(prompt: Prompt, signal: AbortSignal): AsyncGenerator<Float64Array, void, number> {
    this.#take()
    try {
      const rest = await this.#evaluatePrompt(prompt.tokens, signal)
      if (rest === undefined) return
      // Above temperature 0 the library would give the probabilities that its sampler makes of the scores.
      const greedy = { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0, yieldEogToken: true }
      const steps = this.#sequence.evaluateWithMetadata(rest, { probabilities: true }, greedy)
      try {
        for (let step = await steps.next(); !step.done && !signal.aborted; ) {
          const next: number = yield logarithms(step.value.probabilities)
          step = await steps.next(next)
        }
      } finally {
        await steps.return()
      }
    } finally {
      this.#busy = false
    }
  }

  async close(): Promise<void> {
    await this.#weights.dispose()
  }

  #take(): void {
    if (this.#busy) throw new AnswerableError('conflict', 'this model is at another generation')
    this.#busy = true
  }

  async *#generate(generation: Generation, signal: AbortSignal): AsyncGenerator<string, GenerationEnd> {
    const { prompt, temperature, topP, topK, minP, seed } = generation
    const run = this.textRun(generation)
    const rest = await this.#evaluatePrompt(prompt.tokens, signal)
    const aborted = (): GenerationEnd => ({ finish: 'stop', tokens: run.count })
    if (rest === undefined) return aborted()
    const sampling = { temperature, topP, topK, minP, seed, yieldEogToken: true }
    for await (const token of this.#sequence.evaluate(rest, sampling)) {
      if (signal.aborted) return aborted()
      yield* run.add(token)
      if (run.end !== undefined) return run.end
    }
    return aborted()
  }

  /**
   * All of a prompt but its last batch, which is given back, from an empty cache. In the library's own batches, so that
   * one who leaves is not computed for to the end of a long prompt: undefined where they left.
   */
  async #evaluatePrompt(tokens: number[], signal: AbortSignal): Promise<number[] | undefined> {
    const { batchSize } = this.#context
    await this.#sequence.clearHistory()
    let start = 0
    for (; tokens.length - start > batchSize; start += batchSize) {
      if (signal.aborted) return undefined
      await this.#sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(start, start + batchSize))
    }
    return signal.aborted ? undefined : tokens.slice(start)
  }

  /** Also the beginning-of-text token ends a text: a small model's next story is not the answer to this one. */
  #isEnd(token: number): boolean {
    return token === this.#weights.tokens.bos || this.#weights.isEogToken(token)
  }

  #checked(prompt: Prompt): Prompt {
    const { bos, shouldPrependBosToken } = this.#weights.tokens
    const tokens =
      bos !== null && shouldPrependBosToken && prompt.tokens[0] !== bos
        ? [bos, ...prompt.tokens]
        : prompt.tokens
    if (tokens.length === 0) throw new AnswerableError('bad-request', 'the prompt is empty')
    if (tokens.length >= this.contextSize)
      throw new AnswerableError(
        'bad-request',
        `the prompt has ${tokens.length} tokens, and the context of this model holds ${this.contextSize} with the answer`,
      )
    return { ...prompt, tokens }
  }
}

function logarithms(probabilities: ReadonlyMap<number, number>): Float64Array {
  const logs = new Float64Array(probabilities.size).fill(Number.NEGATIVE_INFINITY)
  for (const [token, probability] of probabilities) logs[token] = Math.log(probability)
  return logs
}

/** What changes when a file does. */
async function identityOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join()
  } catch (cause) {
    throw new AnswerableError('not-found', `cannot read the model ${file}`, { cause })
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
