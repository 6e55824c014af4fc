/**
 * Finds and loads onnxruntime-web, the canonical runtime of disputes. It is no part of the default install: `npm run
 * canonical` puts it under runtimes/canonical, and where this package is itself installed from npm, it may stand beside
 * it. Its build of WebAssembly lies in its own folder, so nothing is fetched. Only what is used of it is typed here.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AnswerableError } from '@answerable/core'

export interface WasmTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
}

export interface WasmSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: Record<string, WasmTensor>, outputs?: readonly string[]): Promise<Record<string, WasmTensor>>
  release(): Promise<void>
}

interface WasmModule {
  readonly env: {
    logLevel: string
    readonly wasm: { numThreads: number; proxy: boolean; wasmPaths?: string }
    readonly versions: { readonly web?: string; readonly common: string }
  }
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => WasmTensor
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<WasmSession>
  }
}

export interface CanonicalLibrary {
  readonly version: string
  tensor(type: string, data: unknown, dims: readonly number[]): WasmTensor
  session(model: Uint8Array): Promise<WasmSession>
}

const NAME = 'onnxruntime-web'
const ENTRY = 'dist/ort.node.min.mjs'
/** From packages/node/src/canonical, or from where its built form lies. */
const RUNTIME = join(import.meta.dirname, '../../../../runtimes/canonical')
/** The one version whose arithmetic is canonical: another may add in another order. */
export const CANONICAL_VERSION = '1.30.0'

let loaded: Promise<CanonicalLibrary> | undefined

/** The library, loaded once a process. Throws `bad-config` where it is not installed, or is another version. */
export function loadCanonical(): Promise<CanonicalLibrary> {
  loaded ??= load()
  return loaded
}

/** The folder of the library; undefined where it is not installed. */
export function findCanonical(runtime: string = RUNTIME): string | undefined {
  const folder = join(runtime, 'node_modules', NAME)
  if (existsSync(join(folder, ENTRY))) return folder
  try {
    return packageFolder(fileURLToPath(import.meta.resolve(NAME)))
  } catch {
    return undefined
  }
}

async function load(): Promise<CanonicalLibrary> {
  const folder = findCanonical()
  if (folder === undefined)
    throw new AnswerableError(
      'bad-config',
      'a dispute needs the canonical runtime, which is not installed: npm run canonical (17 MB; it is optional)',
    )
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  if (version !== CANONICAL_VERSION)
    throw new AnswerableError(
      'bad-config',
      `the canonical runtime is ${NAME} ${CANONICAL_VERSION}, and ${version} is installed`,
    )
  const library = (await import(pathToFileURL(join(folder, ENTRY)).href)) as WasmModule
  const { env } = library
  env.wasm.numThreads = 1
  env.wasm.proxy = false
  // What goes wrong is thrown.
  env.logLevel = 'fatal'
  return {
    version,
    tensor: (type, data, dims) => new library.Tensor(type, data, dims),
    session: model =>
      library.InferenceSession.create(model, {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'disabled',
        executionMode: 'sequential',
        logSeverityLevel: 4,
      }),
  }
}

function packageFolder(file: string): string | undefined {
  for (let at = dirname(file); dirname(at) !== at; at = dirname(at))
    if (existsSync(join(at, 'package.json'))) return at
  return undefined
}
