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
  type Setting,
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
  /** Of the last record, by what it says of its runtime. */
  #setting: { text: string; setting: Setting } | undefined

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
    const { name, version } = this.#recorded
    const expected = bytesOf(() => inferResponse({ name, version }, outputs, request.id))
    // The bytes that the gateway would write again leave nothing to compare.
    const sameBytes = expected !== undefined && Buffer.from(expected).equals(response.bytes)
    try {
      answer = sameBytes ? { model: name, version, id: request.id, outputs } : readTensors(response.bytes)
    } catch (error) {
      if (error instanceof AnswerableError) return notRerun(named, 'bad-answer')
      throw error
    }
    const { outcome, closeness } = compareOutputs(answer.outputs, outputs, this.#bound, this.#decisions)
    return rerunOf({
      ...named,
      setting: this.#settingOf(record),
      outcome,
      closeness,
      why: this.#bound.why,
      remarks: [
        ...this.#remarks(record, request, answer),
        ...(sameBytes ? ['The bytes of the answer are the same as well.'] : []),
      ],
    })
  }

  close(): Promise<void> {
    return this.#model.close()
  }

  /** Of this record: another of the same model may be from another processor. */
  #settingOf({ model }: RerunRecord): Setting {
    const text = JSON.stringify(model.runtime)
    if (this.#setting?.text !== text)
      this.#setting = { text, setting: sameSetting(model.runtime, this.#model.describe().runtime) }
    return this.#setting.setting
  }

  /** What is said beyond the tensors. */
  #remarks({ request, model }: RerunRecord, { id }: InferRequest, answer: RecordedTensors): string[] {
    const { name, version } = this.#recorded
    const remarks: string[] = []
    const asked = inferPath(request.path)
    const named = String(askedName(model))
    if (asked?.name !== encodeURIComponent(named) && asked?.name !== named)
      remarks.push('The request asks for another model than the record names.')
    else if (asked.version !== undefined && asked.version !== version)
      remarks.push('The request asks for another version of the model than the record names.')
    if (answer.model !== name || answer.version !== version)
      remarks.push('The answer names another model than the record.')
    if (answer.id !== id) remarks.push('The answer carries another id than its request.')
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
