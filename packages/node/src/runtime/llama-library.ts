/**
 * Finds and loads node-llama-cpp, which is no part of the default install: `npm run llama` puts it under runtimes/llama,
 * and where this package is itself installed from npm, it may stand beside it. Only what is used of it is typed here.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AnswerableError } from '@answerable/core'

export interface LlamaSequence {
  readonly contextSize: number
  clearHistory(): Promise<void>
  evaluate(tokens: number[], options: LlamaSampling): AsyncGenerator<number, void>
  /** A token that is given to `next` is gone on with in place of the one that came. */
  evaluateWithMetadata(
    tokens: number[],
    metadata: { probabilities: true },
    options: LlamaSampling,
  ): AsyncGenerator<{ token: number; probabilities: Map<number, number> }, void, number>
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>
}

export interface LlamaSampling {
  temperature: number
  topP: number
  topK: number
  minP: number
  seed: number
  yieldEogToken: boolean
}

export interface LlamaContext {
  readonly contextSize: number
  readonly batchSize: number
  readonly flashAttention: 'auto' | boolean
  readonly currentThreads: number
  getSequence(): LlamaSequence
}

export interface LlamaWeights {
  readonly tokenizer: unknown
  readonly trainContextSize: number
  readonly tokens: { readonly bos: number | null; readonly shouldPrependBosToken: boolean }
  readonly fileInfo: { readonly metadata: { tokenizer?: { chat_template?: unknown } } }
  tokenize(text: string, specialTokens?: boolean): number[]
  detokenize(tokens: readonly number[], specialTokens?: boolean, lastTokens?: readonly number[]): string
  isEogToken(token: number): boolean
  isSpecialToken(token: number): boolean
  createContext(options: Record<string, unknown>): Promise<LlamaContext>
  dispose(): Promise<void>
}

export interface Llama {
  readonly llamaCppRelease: { readonly repo: string; readonly release: string }
  /** The instruction sets of the kernels that were loaded for this processor. */
  readonly systemInfo: string
  loadModel(options: Record<string, unknown>): Promise<LlamaWeights>
}

/** Text in which the special tokens of a model are apart from what people wrote. */
export interface LlamaText {
  tokenize(tokenizer: unknown): number[]
  toString(): string
}

export interface ChatWrapper {
  generateContextState(state: { chatHistory: readonly unknown[] }): {
    contextText: LlamaText
    stopGenerationTriggers: readonly LlamaText[]
  }
}

interface LlamaModule {
  getLlama(options: Record<string, unknown>): Promise<Llama>
  JinjaTemplateChatWrapper: new (options: Record<string, unknown>) => ChatWrapper
}

export interface LlamaLibrary extends Pick<LlamaModule, 'JinjaTemplateChatWrapper'> {
  readonly llama: Llama
  readonly version: string
}

const NAME = 'node-llama-cpp'
/** From packages/node/src/runtime, or from where its built form lies; `ANSWERABLE_LLAMA` names another folder. */
const RUNTIME = process.env.ANSWERABLE_LLAMA ?? join(import.meta.dirname, '../../../../runtimes/llama')

let loaded: Promise<LlamaLibrary> | undefined

/** The library, loaded once a process. Throws `bad-config` where it is not installed, or not for this machine. */
export function loadLlama(): Promise<LlamaLibrary> {
  loaded ??= load()
  return loaded
}

/** The folder of the library; undefined where it is not installed. */
export function findLlama(runtime: string = RUNTIME): string | undefined {
  const folder = join(runtime, 'node_modules', NAME)
  if (existsSync(join(folder, 'package.json'))) return folder
  try {
    return packageFolder(fileURLToPath(import.meta.resolve(NAME)))
  } catch {
    return undefined
  }
}

async function load(): Promise<LlamaLibrary> {
  const folder = findLlama()
  if (folder === undefined)
    throw new AnswerableError(
      'bad-config',
      'a GGUF model needs the runtime for it, which is not installed: npm run llama (85 MB; it is optional)',
    )
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    const library = (await import(pathToFileURL(join(folder, 'dist/index.js')).href)) as LlamaModule
    const llama = await library.getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      // No limit shared by all: each context names its number. With the defaults a tiny model ran a thousand times
      // slower on two cores.
      maxThreads: 0,
      progressLogs: false,
      logLevel: 'error',
      // What goes wrong is thrown; a client must not be able to fill the log as well.
      logger: () => undefined,
    })
    return { llama, version, JinjaTemplateChatWrapper: library.JinjaTemplateChatWrapper }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new AnswerableError('bad-config', `the GGUF runtime does not start on this machine: ${message}`, {
      cause,
    })
  }
}

function packageFolder(file: string): string | undefined {
  for (let at = dirname(file); dirname(at) !== at; at = dirname(at))
    if (existsSync(join(at, 'package.json'))) return at
  return undefined
}
