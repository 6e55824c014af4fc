/**
 * String kernels, by their features: k(x, y) is the weighted count of features that two completions share, so the mean
 * embedding of a distribution is the mean of its features, and the witness function of the maximum mean discrepancy
 * (Gretton et al., "A kernel two-sample test", JMLR 2012) is a sum over the features of a completion. That makes a round
 * linear in the completion's length, where pairwise kernels would be quadratic in the number of samples.
 *
 * - `place`: the same unit at the same place of an answer to the same prompt (the Hamming kernel of Gao, Liang and
 *   Guestrin, "Model equality testing: which model is this API serving?", ICLR 2025), and the same beginning of up to
 *   eight units. It sees any model whose answers to a prompt differ, once the prompt has come several times.
 * - `spectrum`: the same unit, or two or three in a row, anywhere and to any prompt (Leslie, Eskin and Noble, "The
 *   spectrum kernel", PSB 2002). It learns from all prompts together.
 * - `rarity`: as the spectrum, but a run of units counts as "seen k times so far in either's answers", in powers of two.
 *   It sees answers that are bolder or tamer as such: another temperature, a coarser quantisation.
 *
 * Each is a feature map with nonnegative weights, so each is a kernel in the strict sense. Which of them is best depends
 * on what differs; the test bets on all three.
 */
import { mix } from './units.ts'

export interface StringKernel {
  readonly name: string
  /** Places in the table of features, each named once for each time that a completion has it. */
  features(prompt: number, units: Uint32Array): Int32Array
  /** After both completions of a pair were scored. Symmetric in them. */
  learn(units: Uint32Array): void
}

/** Features share a table of this size by their hash: room is bounded whatever comes. */
export const TABLE = 1 << 18
const PLACES = 24
const BEGINNINGS = 8
const RUN = 3

export function placeKernel(): StringKernel {
  return {
    name: 'place',
    features(prompt, units) {
      const places = Math.min(units.length, PLACES)
      const beginnings = Math.min(units.length, BEGINNINGS)
      const out = new Int32Array(places + beginnings)
      for (let i = 0; i < places; i++) out[i] = bucket(mix(mix(prompt, i), units[i]!))
      let prefix = mix(prompt, 0x5bd1e995)
      for (let i = 0; i < beginnings; i++) {
        prefix = mix(prefix, units[i]!)
        out[places + i] = bucket(prefix)
      }
      return out
    },
    learn: () => undefined,
  }
}

export function spectrumKernel(): StringKernel {
  return { name: 'spectrum', features: (_, units) => runs(units), learn: () => undefined }
}

export function rarityKernel(): StringKernel {
  const seen = new Int32Array(TABLE)
  return {
    name: 'rarity',
    features(_, units) {
      const out = runs(units)
      let at = 0
      for (let run = 1; run <= RUN; run++)
        for (let i = 0; i + run <= units.length; i++, at++)
          out[at] = run * 32 + Math.floor(Math.log2(seen[out[at]!]! + 1))
      return out
    },
    learn(units) {
      for (const feature of runs(units)) seen[feature]!++
    },
  }
}

/** Runs of one unit, then of two, then of three. */
function runs(units: Uint32Array): Int32Array {
  const out: number[] = []
  for (let run = 1; run <= RUN; run++)
    for (let i = 0; i + run <= units.length; i++) {
      let hash = run
      for (let j = i; j < i + run; j++) hash = mix(hash, units[j]!)
      out.push(bucket(hash))
    }
  return Int32Array.from(out)
}

function bucket(hash: number): number {
  return hash & (TABLE - 1)
}
