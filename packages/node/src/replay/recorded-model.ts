/** What a record says of the model that answered, as far as a re-run needs it. */

import type { JsonObject } from '@answerable/core'
import type { NotRerun } from '@answerable/core/audit'
import { type CacheType, DEFAULT_SAMPLING, type Optimisation, type Sampling } from '../runtime/index.ts'
import type { ReplayLimits } from './limits.ts'

export interface RecordedModel {
  name: string
  version: string
  /** SHA-256 of the file, in hex. */
  manifest: string
  kind: 'onnx' | 'llama'
  runtime: JsonObject
  configuration: JsonObject
}

const DIGEST = /^[0-9a-f]{64}$/
/** A graph is run again natively, in whichever of the runtimes it was run: that they differ is said first. */
const KINDS: Record<string, RecordedModel['kind']> = {
  'onnxruntime-node': 'onnx',
  'onnxruntime-web': 'onnx',
  'node-llama-cpp': 'llama',
}

/** Or why a record of this model is not run again. */
export function recordedModel(model: JsonObject): RecordedModel | NotRerun {
  const runtime = objectOf(model.runtime)
  if (runtime.name === 'upstream') return 'upstream'
  const manifest = objectOf(model.manifest).sha256
  if (typeof manifest !== 'string' || !DIGEST.test(manifest)) return 'no-manifest'
  const kind = typeof runtime.name === 'string' ? KINDS[runtime.name] : undefined
  if (kind === undefined) return 'other-runtime'
  const { name, version } = model
  if (typeof name !== 'string' || typeof version !== 'string') return 'no-manifest'
  return { name, version, manifest, kind, runtime, configuration: objectOf(runtime.configuration) }
}

/** By which name its request asked for it: its own, or that of a route that asked it and others. */
export function askedName(model: JsonObject): unknown {
  return objectOf(model.opinions).route ?? model.name
}

/** Records with the same key can be run on one opened model. */
export function modelKey({ manifest, kind, name, version, configuration }: RecordedModel): string {
  return JSON.stringify([manifest, kind, name, version, configuration])
}

const LEVELS: readonly Optimisation[] = ['disabled', 'basic', 'extended', 'all']

/** The recorded options that this runtime can be given. What it cannot shows as a difference of the setting. */
export function onnxOptions(
  { configuration }: RecordedModel,
  limits: ReplayLimits,
): { optimisation?: Optimisation; threads?: number } | 'beyond-limits' {
  const { graphOptimizationLevel: level, intraOpNumThreads: threads } = configuration
  const optimisation = LEVELS.find(one => one === level)
  if (isOver(threads, limits.threads)) return 'beyond-limits'
  return {
    ...(optimisation !== undefined && { optimisation }),
    ...(isCount(threads) && { threads }),
  }
}

export interface LlamaReplayOptions {
  contextSize?: number
  batchSize?: number
  threads?: number
  cacheType?: CacheType
  flashAttention?: boolean
}

export function llamaOptions(
  { configuration }: RecordedModel,
  limits: ReplayLimits,
): LlamaReplayOptions | 'beyond-limits' {
  const { contextSize, batchSize, threads, kvCacheKeyType, kvCacheValueType, flashAttention } = configuration
  if (isOver(threads, limits.threads) || isOver(contextSize, limits.contextSize)) return 'beyond-limits'
  if (isOver(batchSize, limits.contextSize)) return 'beyond-limits'
  const cacheType = (['F16', 'F32'] as const).find(
    type => type === kvCacheKeyType && type === kvCacheValueType,
  )
  return {
    ...(isCount(contextSize) && { contextSize }),
    ...(isCount(batchSize) && { batchSize }),
    ...(isCount(threads) && { threads }),
    ...(cacheType !== undefined && { cacheType }),
    ...(typeof flashAttention === 'boolean' && { flashAttention }),
  }
}

/** What a call got that left its sampling out. */
export function recordedDefaults({ configuration }: RecordedModel): Sampling {
  const number = (value: unknown, least: number, most: number, otherwise: number) =>
    typeof value === 'number' && value >= least && value <= most ? value : otherwise
  return {
    temperature: number(configuration.defaultTemperature, 0, 2, DEFAULT_SAMPLING.temperature),
    topP: number(configuration.defaultTopP, 0, 1, DEFAULT_SAMPLING.topP),
    topK: number(configuration.defaultTopK, 0, 1 << 20, DEFAULT_SAMPLING.topK),
    minP: number(configuration.defaultMinP, 0, 1, DEFAULT_SAMPLING.minP),
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function isOver(value: unknown, most: number): boolean {
  return typeof value === 'number' && !(value <= most)
}

function objectOf(value: unknown): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {}
}
