/** Disputes played out between two traces, and the lies that a side can tell. */

import { referee } from '@answerable/core/arithmetic'
import {
  evidenceOf,
  type Game,
  move,
  nextMove,
  openGame,
  type Side,
  type Verdict,
  verdict,
} from '@answerable/core/dispute'
import type { Elements, Graph, Tensor } from '@answerable/core/graph'
import type { Trace } from '@answerable/core/trace'
import { nodeSuite as suite } from '../log/suite.ts'
import type { Prng } from '../models/prng.ts'
import { runOperator } from './canonical.ts'

export interface Played {
  game: Game
  rounds: number
  /** The largest move, in bytes of JSON. */
  largest: number
}

/** Both play what follows from their traces. */
export function play(traces: Record<Side, Trace>): Played {
  let game = openGame(traces.challenger.commitment)
  let largest = 0
  while (game.turn !== undefined) {
    const by: Side = game.turn
    const next = nextMove(game, traces[by])
    // As it would come out of a registry's entries.
    const text = JSON.stringify(next)
    largest = Math.max(largest, text.length)
    const moved = move(JSON.parse(JSON.stringify(game)) as Game, by, JSON.parse(text), suite)
    if ('refused' in moved) throw new Error(`${by}: ${moved.refused}`)
    game = moved.game
  }
  return { game, rounds: game.rounds, largest }
}

export interface Dispute {
  graph: Graph
  traces: Record<Side, Trace>
  /** The graphs by which each side reckons what to open; both have the model's unless one lies about it. */
  key: Uint8Array
  request: ReadonlyMap<string, Tensor>
  response: ReadonlyMap<string, Tensor>
}

export async function settle(dispute: Dispute): Promise<{ played: Played; verdict: Verdict }> {
  const { graph, traces, key, request, response } = dispute
  const played = play(traces)
  const evidence = {
    challenger: evidenceOf(played.game, graph, traces.challenger, referee),
    defender: evidenceOf(played.game, graph, traces.defender, referee),
  }
  const judged = await verdict(
    { game: played.game, graph, key, evidence, request, response },
    referee,
    suite,
    runOperator,
  )
  return { played, verdict: judged }
}

/** One element changed by one bit, or to the next number up or down. */
export function changed(tensor: Tensor, random: Prng, by: 'bit' | 'ulp'): Tensor {
  const data = tensor.data.slice() as Elements
  const at = random.uint32() % data.length
  const bytes = new Uint8Array(data.buffer)
  const size = data.BYTES_PER_ELEMENT
  if (tensor.type === 'bool') data[at] = data[at] === 0 ? 1 : 0
  else if (by === 'bit') {
    const bit = random.uint32() % (8 * size)
    bytes[at * size + (bit >> 3)]! ^= 1 << (bit & 7)
  } else {
    const step = random.chance(0.5) ? 1 : -1
    if (data instanceof Float32Array) {
      const bits = new Int32Array(data.buffer)
      bits[at] = bits[at]! + step
    } else if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      data[at] = data[at]! + BigInt(step)
    else data[at] = (data[at] as number) + step
  }
  return { ...tensor, data }
}
