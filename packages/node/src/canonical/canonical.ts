/**
 * The canonical arithmetic of disputes: a graph, or one operator of it, run in onnxruntime's build for WebAssembly with
 * one thread and no rewriting. It uses no relaxed instruction, so WebAssembly's specification defines every result, but
 * for the bits of a NaN, which traces leave out of account.
 */
import { AnswerableError } from '@answerable/core'
import {
  constantOf,
  type Elements,
  type ElementType,
  elementCount,
  type Graph,
  type GraphNode,
  makeElements,
  type Tensor,
  valuesOf,
} from '@answerable/core/graph'
import type { TraceValue } from '@answerable/core/trace'
import { type CanonicalLibrary, loadCanonical, type WasmSession, type WasmTensor } from './library.ts'
import { madeBy, operatorModel, withAllOutputs } from './model-proto.ts'

/** A model opened in the canonical runtime, every value of which can be seen. */
export class CanonicalModel {
  readonly graph: Graph
  readonly #library: CanonicalLibrary
  readonly #session: WasmSession

  private constructor(graph: Graph, library: CanonicalLibrary, session: WasmSession) {
    this.graph = graph
    this.#library = library
    this.#session = session
  }

  /**
   * Opens a model. `graph` is that of the same bytes, by `readGraph`. Throws `bad-model` for what the runtime cannot run
   * or a dispute cannot be about, and `bad-config` where the runtime is not installed.
   */
  static async open(model: Uint8Array, graph: Graph): Promise<CanonicalModel> {
    const [why] = graph.unsupported
    if (why !== undefined)
      throw new AnswerableError('bad-model', `no dispute can be about this model: ${why}`)
    const library = await loadCanonical()
    try {
      return new CanonicalModel(graph, library, await library.session(withAllOutputs(model, graph)))
    } catch (cause) {
      throw new AnswerableError(
        'bad-model',
        `the canonical runtime cannot open the model: ${wordsOf(cause)}`,
        {
          cause,
        },
      )
    }
  }

  /** Every value for these inputs, in canonical order. Throws `bad-request` where the model cannot run on them. */
  async values(inputs: ReadonlyMap<string, Tensor>): Promise<TraceValue[]> {
    const { graph } = this
    const feeds: Record<string, WasmTensor> = {}
    for (const { name } of graph.inputs) {
      const tensor = inputs.get(name)
      if (tensor === undefined) throw new AnswerableError('bad-request', `the input ‘${name}’ is missing`)
      feeds[name] = toWasm(this.#library, tensor)
    }
    let made: Record<string, WasmTensor>
    try {
      made = await this.#session.run(feeds, madeBy(graph))
    } catch (cause) {
      throw new AnswerableError('bad-request', `the model cannot run on these inputs: ${wordsOf(cause)}`, {
        cause,
      })
    }
    return valuesOf(graph).map(place => {
      const { name } = place
      if (place.kind === 'initializer') return { name, tensor: graph.initializers[place.index]!.tensor }
      if (place.kind === 'input') return { name, tensor: inputs.get(name)! }
      const constant = constantOf(graph.nodes[place.node]!)
      return { name, tensor: constant ?? fromWasm(made[name]!, name) }
    })
  }

  async close(): Promise<void> {
    await this.#session.release()
  }
}

/** Runs one operator on its inputs: what a verdict asks where the referee has no such operator. */
export async function runOperator(
  node: GraphNode,
  inputs: readonly (Tensor | undefined)[],
): Promise<(Tensor | undefined)[]> {
  const constant = constantOf(node)
  if (constant !== undefined) return [constant]
  const library = await loadCanonical()
  const session = await library.session(operatorModel(node, inputs))
  try {
    const feeds: Record<string, WasmTensor> = {}
    node.inputs.forEach((name, i) => {
      const tensor = inputs[i]
      if (tensor !== undefined && !node.constant[i]) feeds[name] = toWasm(library, tensor)
    })
    const made = await session.run(feeds)
    return node.outputs.map(name => (name === '' ? undefined : fromWasm(made[name]!, name)))
  } finally {
    await session.release()
  }
}

function toWasm(library: CanonicalLibrary, { type, dims, data }: Tensor): WasmTensor {
  return library.tensor(type, data, dims)
}

function fromWasm({ type, dims, data }: WasmTensor, name: string): Tensor {
  const known: Partial<Record<string, ElementType>> = KNOWN
  const own = known[type]
  if (own === undefined) throw new AnswerableError('bad-model', `the value ‘${name}’ is ${type}`)
  // The runtime's arrays may be views of its memory, or Float16Array.
  const out = makeElements(own, elementCount(dims))
  if (own === 'float16') {
    const { buffer, byteOffset, length } = data as Uint16Array
    ;(out as Uint16Array).set(new Uint16Array(buffer, byteOffset, length))
  } else out.set(data as never)
  return { type: own, dims: [...dims], data: out as Elements }
}

const KNOWN: Partial<Record<string, ElementType>> = Object.fromEntries(
  (
    [
      'float32',
      'float64',
      'float16',
      'int8',
      'int16',
      'int32',
      'int64',
      'uint8',
      'uint16',
      'uint32',
      'uint64',
      'bool',
    ] as const
  ).map(type => [type, type]),
)

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
