/** Runs recorded answers of an ONNX model again, with the recorded configuration, and compares what comes out. */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import {
  compareOutputs,
  type Decision,
  decisionsOf,
  type NotRerun,
  notRerun,
  OUTPUT_BOUND,
  type OutputBound,
  type Rerun,
  type RerunRecord,
  rerunOf,
  sameSetting,
} from '@answerable/core/audit'
import { readGraph } from '@answerable/core/graph'
import { inferPath, parseInferBody } from '../gateway/kserve.ts'
import {
  type InferRequest,
  inferResponse,
  OnnxModel,
  parseInferRequest,
  type Tensor,
} from '../runtime/index.ts'
import { REPLAY_LIMITS, type ReplayLimits } from './limits.ts'
import { askedName, onnxOptions, type RecordedModel } from './recorded-model.ts'
import { type RecordedTensors, readTensors } from './recorded-tensors.ts'
import type { Replay } from './replay.ts'

export interface OnnxReplayOptions {
  limits?: ReplayLimits
  bound?: OutputBound
  /** Truth values that the model makes of its numbers: within the bound of a threshold they may come out either way. */
  decisions?: readonly Decision[]
}

/** Anything that computes a model's outputs: onnxruntime-node, or the canonical arithmetic of a dispute. */
export type TensorModel = Pick<OnnxModel, 'describe' | 'infer' | 'close'>

export class OnnxReplay implements Replay {
  readonly #model: TensorModel
  readonly #recorded: RecordedModel
  readonly #bound: OutputBound
  readonly #decisions: readonly Decision[]

  /** On a model that is open already: that it is the recorded one is the caller's word. */
  constructor(model: TensorModel, recorded: RecordedModel, options: OnnxReplayOptions = {}) {
    this.#model = model
    this.#recorded = recorded
    this.#bound = options.bound ?? OUTPUT_BOUND
    this.#decisions = options.decisions ?? []
  }

  /** Opens the model as it is on record, or says why it is not. Throws what `OnnxModel.open` throws. */
  static async open(
    file: string,
    recorded: RecordedModel,
    options: OnnxReplayOptions = {},
  ): Promise<OnnxReplay | NotRerun> {
    const configuration = onnxOptions(recorded, options.limits ?? REPLAY_LIMITS)
    if (configuration === 'beyond-limits') return configuration
    const { name, version, manifest } = recorded
    const model = await OnnxModel.open(file, { name, version, ...configuration })
    if (model.describe().manifest !== manifest) {
      await model.close()
      return 'model-changed'
    }
    const decisions = options.decisions ?? (await decisionsIn(file, manifest))
    return new OnnxReplay(model, recorded, { ...options, decisions })
  }

  async rerun(record: RerunRecord, signal: AbortSignal): Promise<Rerun> {
    const { manifest } = this.#recorded
    const named = { entry: record.entry, model: manifest }
    const { response } = record
    if (response.status !== 200 || response.outcome !== 'ok') return notRerun(named, 'no-answer')
    let request: InferRequest
    let answer: RecordedTensors
    let outputs: Tensor[]
    try {
      request = parseInferRequest(parseInferBody(record.request.bytes), this.#model.describe())
      outputs = await this.#model.infer(request.inputs, request.outputs)
    } catch (error) {
      if (error instanceof AnswerableError) return notRerun(named, 'bad-request')
      throw error
    }
    if (signal.aborted) return notRerun(named, 'aborted')
    try {
      answer = readTensors(response.bytes)
    } catch (error) {
      if (error instanceof AnswerableError) return notRerun(named, 'bad-answer')
      throw error
    }
    const { outcome, closeness } = compareOutputs(answer.outputs, outputs, this.#bound, this.#decisions)
    return rerunOf({
      ...named,
      // Of this record: another of the same model may be from another processor.
      setting: sameSetting(record.model.runtime, this.#model.describe().runtime),
      outcome,
      closeness,
      why: this.#bound.why,
      remarks: this.#remarks(record, request, outputs, answer),
    })
  }

  close(): Promise<void> {
    return this.#model.close()
  }

  /** What the bytes show beyond the tensors. */
  #remarks(
    { request, response, model }: RerunRecord,
    { id }: InferRequest,
    outputs: readonly Tensor[],
    answer: RecordedTensors,
  ): string[] {
    const { name, version } = this.#recorded
    const remarks: string[] = []
    const asked = inferPath(request.path)
    if (asked?.name !== askedName(model) || (asked?.version !== undefined && asked.version !== version))
      remarks.push('The request asks for another model than the record names.')
    if (answer.model !== name || answer.version !== version)
      remarks.push('The answer names another model than the record.')
    if (answer.id !== id) remarks.push('The answer carries another id than its request.')
    if (remarks.length > 0) return remarks
    const expected = bytesOf(() => inferResponse({ name, version }, outputs, id))
    if (expected !== undefined && Buffer.from(expected).equals(response.bytes))
      remarks.push('The bytes of the answer are the same as well.')
    return remarks
  }
}

/** None for a model whose graph is of a kind that is not read here: the runtime may still run it. */
async function decisionsIn(file: string, sha256: string): Promise<Decision[]> {
  try {
    const bytes = await readFile(file)
    return hash('sha256', bytes, 'hex') === sha256 ? decisionsOf(readGraph(bytes)) : []
  } catch {
    return []
  }
}

/** Undefined for values that JSON cannot carry. */
function bytesOf(make: () => unknown): string | undefined {
  try {
    return JSON.stringify(make())
  } catch {
    return undefined
  }
}
