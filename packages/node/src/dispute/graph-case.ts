/**
 * A record of a graph's answer as a dispute sees it: the graph of the model's file, what was asked as its inputs, what was
 * answered as its outputs, and the key of all its traces. Each side has one, and so has whoever judges.
 */
import { AnswerableError } from '@answerable/core'
import { traceKey } from '@answerable/core/audit'
import { type ElementType, type Graph, readGraph, type Tensor } from '@answerable/core/graph'
import { Trace } from '@answerable/core/trace'
import { parseInferBody } from '../gateway/kserve.ts'
import { nodeSuite } from '../log/suite.ts'
import { readTensors } from '../replay/recorded-tensors.ts'
import { datatypeOf, parseInferRequest, type TensorSpec } from '../runtime/index.ts'
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

/** KServe's names of the types that a graph's inputs and outputs have. */
const DATATYPES: Partial<Record<ElementType, string>> = {
  bool: 'BOOL',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  float32: 'FP32',
  float64: 'FP64',
}
const TYPES = new Map(Object.entries(DATATYPES).map(([type, name]) => [name, type as ElementType]))

export class GraphCase {
  readonly graph: Graph
  readonly key: Uint8Array
  readonly request: ReadonlyMap<string, Tensor>
  /** Undefined where the recorded answer is none of a model's. */
  readonly response: ReadonlyMap<string, Tensor> | undefined
  readonly #model: Uint8Array
  #trace: Promise<Trace> | undefined

  private constructor(
    model: Uint8Array,
    graph: Graph,
    key: Uint8Array,
    request: ReadonlyMap<string, Tensor>,
    response: ReadonlyMap<string, Tensor> | undefined,
  ) {
    this.#model = model
    this.graph = graph
    this.key = key
    this.request = request
    this.response = response
  }

  /**
   * Throws `bad-model` for a file that is not the one on record, or whose graph no dispute can be about, and `bad-request`
   * for a recorded request that the model does not take.
   */
  static of(record: DisputedRecord, model: Uint8Array): GraphCase {
    if (nodeSuite.sha256Hex(model) !== record.manifest)
      throw new AnswerableError('bad-model', 'the model’s file is not the one that the record names')
    const graph = readGraph(model)
    const specs = graph.inputs.map(({ name, type, dims }): TensorSpec => {
      const datatype = type && DATATYPES[type]
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
    return new GraphCase(model, graph, key, request, responseOf(record.response))
  }

  /** This side's own trace, computed once. Throws as `canonicalValues` does. */
  trace(): Promise<Trace> {
    this.#trace ??= canonicalValues(this.#model, this.request).then(values =>
      Trace.of(values, this.key, nodeSuite),
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
