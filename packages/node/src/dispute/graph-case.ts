/**
 * A record of a graph's answer as a dispute sees it: the graph of the model's file, what was asked as its inputs, what was
 * answered as its outputs, and the key of all its traces. Each side has one, and so has whoever judges.
 */
import { AnswerableError } from '@answerable/core'
import { traceKey } from '@answerable/core/audit'
import { ELEMENT_TYPES, type Graph, readGraph, type Tensor } from '@answerable/core/graph'
import { Trace, type TraceValue } from '@answerable/core/trace'
import { parseInferBody } from '../gateway/kserve.ts'
import { nodeSuite } from '../log/suite.ts'
import { readTensors } from '../replay/recorded-tensors.ts'
import { datatypeOf, KSERVE_NAMES, parseInferRequest, type TensorSpec } from '../runtime/index.ts'
import { canonicalValues } from './values.ts'

/** What of a record a dispute about it needs, opened and held against what the log committed to. */
export interface DisputedRecord {
  /** The exact text of the request's disclosure. */
  requestDisclosure: string
  request: Uint8Array
  response: Uint8Array
  /** SHA-256 of the model's file, in hex. */
  manifest: string
}

/** Element types of a graph by KServe's names. */
const TYPES = new Map(ELEMENT_TYPES.map(type => [KSERVE_NAMES[type], type]))

/** Stands before the values of a trace. */
type Altered = (values: TraceValue[], response: ReadonlyMap<string, Tensor> | undefined) => TraceValue[]

export class GraphCase {
  readonly graph: Graph
  readonly key: Uint8Array
  readonly request: ReadonlyMap<string, Tensor>
  /** Undefined where the recorded answer is none of a model's. */
  readonly response: ReadonlyMap<string, Tensor> | undefined
  readonly #model: Uint8Array
  readonly #altered: Altered
  #trace: Promise<Trace> | undefined

  private constructor(
    model: Uint8Array,
    graph: Graph,
    key: Uint8Array,
    request: ReadonlyMap<string, Tensor>,
    response: ReadonlyMap<string, Tensor> | undefined,
    altered: Altered,
  ) {
    this.#model = model
    this.#altered = altered
    this.graph = graph
    this.key = key
    this.request = request
    this.response = response
  }

  /**
   * Throws `bad-model` for a file that is not the one on record, or whose graph no dispute can be about, and `bad-request`
   * for a recorded request that the model does not take.
   */
  static of(record: DisputedRecord, model: Uint8Array, altered: Altered = values => values): GraphCase {
    if (nodeSuite.sha256Hex(model) !== record.manifest)
      throw new AnswerableError('bad-model', 'the model’s file is not the one that the record names')
    const graph = readGraph(model)
    const specs = graph.inputs.map(({ name, type, dims }): TensorSpec => {
      const datatype = type && KSERVE_NAMES[type]
      if (datatype === undefined)
        throw new AnswerableError('bad-model', `the input ‘${name}’ is of a type that no request carries`)
      return { name, datatype, shape: (dims ?? []).map(size => (typeof size === 'number' ? size : -1)) }
    })
    const outputs = graph.outputs.map(({ name }): TensorSpec => ({ name, datatype: '', shape: [] }))
    const { inputs } = parseInferRequest(parseInferBody(record.request), { inputs: specs, outputs })
    const key = traceKey(record.requestDisclosure, nodeSuite)
    const request = new Map(
      inputs.map(({ name, datatype, shape, data }) => [
        name,
        { type: TYPES.get(datatype)!, dims: shape, data: data as Tensor['data'] },
      ]),
    )
    return new GraphCase(model, graph, key, request, responseOf(record.response), altered)
  }

  /** This side's own trace, computed once. Throws as `canonicalValues` does. */
  trace(): Promise<Trace> {
    this.#trace ??= canonicalValues(this.#model, this.request).then(values =>
      Trace.of(this.#altered(values, this.response), this.key, nodeSuite),
    )
    // A run that failed is tried again when it is asked for again.
    this.#trace.catch(() => {
      this.#trace = undefined
    })
    return this.#trace
  }
}

function responseOf(bytes: Uint8Array): Map<string, Tensor> | undefined {
  try {
    return new Map(
      readTensors(bytes).outputs.map(({ name, datatype, shape, data }) => {
        const type = TYPES.get(datatype)
        const kind = datatypeOf(datatype)
        if (type === undefined || kind === undefined || data.length !== shape.reduce((a, b) => a * b, 1))
          throw new AnswerableError('bad-format', `the output ${name} is no tensor`)
        const stored = kind.allocate(data.length)
        for (let i = 0; i < data.length; i++)
          if (kind.store(stored, i, type === 'bool' ? data[i] === 1 : data[i]) !== undefined)
            throw new AnswerableError('bad-format', `the output ${name} holds what it cannot hold`)
        return [name, { type, dims: [...shape], data: stored as Tensor['data'] }]
      }),
    )
  } catch (error) {
    if (error instanceof AnswerableError) return undefined
    throw error
  }
}
