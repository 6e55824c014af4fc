/** Serves ONNX models with onnxruntime-node, so that an answer can be repeated to the bit. */
import './no-telemetry.ts'

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import * as ort from 'onnxruntime-node'
import { assertSelfContained } from './onnx-file.ts'
import { describeProcessor } from './processor.ts'
import type { ModelDescription, TensorSpec } from './runtime.ts'
import { datatypeOf, KSERVE_NAMES, type Tensor } from './tensor.ts'

export type Optimisation = 'disabled' | 'basic' | 'extended' | 'all'

export interface OnnxOptions {
  name: string
  version: string
  /**
   * How far the runtime may rewrite the graph before running it; `disabled` unless said otherwise. Then the steps that
   * run are the steps of the file, which is what a dispute recomputes; the receipt records the level either way.
   */
  optimisation?: Optimisation
  /** 1 unless told. With more, a few operators give another result. */
  threads?: number
}

/**
 * Session configuration entries that change arithmetic, spelt out so that a new default cannot. The first session of a
 * process decides about subnormal numbers for its whole thread, JavaScript's own arithmetic included.
 */
const ENTRIES = {
  'session.set_denormal_as_zero': '0',
  'session.load_model_format': 'ONNX',
  // Only Arm builds know this one: products in BF16 would be another result.
  'mlas.enable_gemm_fastmath_arm64_bfloat16': '0',
} as const

interface Input {
  name: string
  type: ort.Tensor.Type
  datatype: string
  /** The names of the open dimensions, '' for an unnamed one; undefined for a fixed size. */
  open: (string | undefined)[]
}

export class OnnxModel {
  readonly #session: ort.InferenceSession
  readonly #description: ModelDescription
  readonly #inputs: Map<string, Input>
  readonly #outputs: TensorSpec[]

  private constructor(session: ort.InferenceSession, options: Required<OnnxOptions>, manifest: string) {
    const { name, version, optimisation, threads } = options
    this.#session = session
    const inputs = session.inputMetadata.map(value => inputOf(value))
    this.#inputs = new Map(inputs.map(input => [input.name, input]))
    this.#outputs = session.outputMetadata.map(specOf)
    this.#description = {
      name,
      version,
      manifest,
      runtime: {
        name: 'onnxruntime-node',
        version: ort.env.versions.node ?? ort.env.versions.common,
        configuration: {
          executionProviders: 'cpu',
          intraOpNumThreads: threads,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: optimisation,
          ...ENTRIES,
        },
        processor: describeProcessor(),
      },
      inputs: session.inputMetadata.map(specOf),
      outputs: this.#outputs,
    }
  }

  /**
   * Opens the model in `file`. Its digest is that of the very bytes that run: the file is read once. Throws
   * `not-found`, or `bad-format` for what is no ONNX model, keeps tensors in another file, or takes or gives types that
   * KServe has no JSON for.
   */
  static async open(file: string, options: OnnxOptions): Promise<OnnxModel> {
    const bytes = await readFile(file).catch(cause => {
      throw new AnswerableError('not-found', `cannot read the model ${file}`, { cause })
    })
    const manifest = createHash('sha256').update(bytes).digest('hex')
    try {
      assertSelfContained(bytes)
      const { optimisation = 'disabled', threads = 1 } = options
      const session = await ort.InferenceSession.create(bytes, {
        executionProviders: ['cpu'],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        graphOptimizationLevel: optimisation,
        // What goes wrong is thrown; a client must not be able to fill the log as well.
        logSeverityLevel: 4,
        extra: ENTRIES,
      })
      return new OnnxModel(session, { ...options, optimisation, threads }, manifest)
    } catch (cause) {
      throw new AnswerableError('bad-format', `cannot open the model ${file}: ${messageOf(cause)}`, { cause })
    }
  }

  describe(): ModelDescription {
    return this.#description
  }

  /**
   * Runs the model once. `inputs` are all of the model's, in any order, as `parseInferRequest` gives them; `outputs`
   * names those wanted, all when left out. Not to be changed before the promise settles: the runtime reads them in
   * place. Throws `bad-request` where the model cannot run on them.
   */
  async infer(inputs: readonly Tensor[], outputs?: readonly string[]): Promise<Tensor[]> {
    const feeds = this.#feeds(inputs)
    let results: ort.InferenceSession.ReturnType
    try {
      results = await (outputs === undefined
        ? this.#session.run(feeds)
        : this.#session.run(feeds, [...outputs]))
    } catch (cause) {
      throw new AnswerableError('bad-request', `the model cannot run on these inputs: ${messageOf(cause)}`, {
        cause,
      })
    }
    const wanted =
      outputs === undefined ? this.#outputs : this.#outputs.filter(({ name }) => outputs.includes(name))
    return wanted.map(({ name, datatype }) => {
      const { dims, data } = results[name]!
      return { name, datatype, shape: [...dims], data: data as Tensor['data'] }
    })
  }

  /** Frees the session's memory; `infer` fails afterwards. */
  async close(): Promise<void> {
    await this.#session.release()
  }

  #feeds(inputs: readonly Tensor[]): Record<string, ort.Tensor> {
    const feeds: Record<string, ort.Tensor> = {}
    /** The size that each named open dimension was first given, and the input that gave it. */
    const sizes = new Map<string, { size: number; by: string }>()
    for (const { name, datatype, shape, data } of inputs) {
      const input = this.#inputs.get(name)
      if (input?.datatype !== datatype)
        throw new AnswerableError('bad-request', `the model takes no ${datatype} input '${name}'`)
      for (let i = 0; i < input.open.length; i++) {
        const dimension = input.open[i]
        const size = shape[i]!
        if (!dimension) continue
        const first = sizes.get(dimension)
        if (first === undefined) sizes.set(dimension, { size, by: name })
        else if (first.size !== size)
          throw new AnswerableError(
            'bad-request',
            `input '${name}' has ${dimension} = ${size} where input '${first.by}' has ${first.size}`,
          )
      }
      feeds[name] = new ort.Tensor(input.type as 'float32', data as Float32Array, shape)
    }
    return feeds
  }
}

function inputOf(value: ort.InferenceSession.ValueMetadata): Input {
  const { name, datatype } = specOf(value)
  if (!value.isTensor) throw new Error(`'${name}' is no tensor`)
  const open = value.shape.map(size => (typeof size === 'string' ? size : undefined))
  return { name, datatype, type: value.type, open }
}

function specOf(value: ort.InferenceSession.ValueMetadata): TensorSpec {
  const datatype = value.isTensor ? KSERVE_NAMES[value.type] : undefined
  if (!value.isTensor || datatype === undefined || datatypeOf(datatype) === undefined)
    throw new Error(
      `'${value.name}' is a ${value.isTensor ? value.type : 'non-tensor'}, which is not supported`,
    )
  return {
    name: value.name,
    datatype,
    shape: value.shape.map(size => (typeof size === 'string' ? -1 : size)),
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
