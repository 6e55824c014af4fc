/** In a thread of its own: every value of a graph for some inputs, in the canonical arithmetic. See values.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { readGraph, type Tensor } from '@answerable/core/graph'
import { CanonicalModel } from '../canonical/index.ts'

export interface ValuesOrder {
  model: Uint8Array
  inputs: ReadonlyMap<string, Tensor>
}

export type ValuesAnswer =
  | { values: { name: string; tensor: Tensor }[] }
  | { error: { code: string | undefined; message: string } }

async function answer({ model, inputs }: ValuesOrder): Promise<ValuesAnswer> {
  try {
    const opened = await CanonicalModel.open(model, readGraph(model))
    return { values: await opened.values(inputs) }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return { error: { code, message } }
  }
}

parentPort!.postMessage(await answer(workerData as ValuesOrder))
