/**
 * The beacon: seeds that no single owner chooses. Validators commit to hash chains; once an epoch's anchors are in,
 * each reveals a link. seed = SHA-256(name || epoch || reveals || anchors), both sorted by name.
 *
 * What it does not stop: a validator that sees the others' links can withhold its own and so choose between two seeds,
 * which is counted against it; and all revealing owners together, with one operator, can choose anchors for a seed.
 */
import { concat, fromHex, toHex, utf8 } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import type { State } from './state.ts'

const EPOCHS_KEPT = 64

/** The epoch whose links are revealed now: its anchors are all in. */
export function revealEpoch(state: State): number {
  return state.epoch - 1
}

/** Makes the seeds of the epochs whose reveals are over. */
export function finishEpochs(state: State, suite: Suite): void {
  const last = state.epoch - 2
  const waiting = new Set([...state.anchors.keys(), ...state.reveals.keys()])
  // Silence counts also where nobody else spoke.
  if (last >= 0 && [...state.chains.values()].some(({ from, left }) => from <= last && left > 0))
    waiting.add(last)
  for (const epoch of [...waiting].sort((a, b) => a - b)) {
    if (epoch > last) continue
    finish(state, epoch, suite)
    state.anchors.delete(epoch)
    state.reveals.delete(epoch)
  }
  for (const chain of state.chains.values()) {
    // The old one still reveals for the epoch before the new one's first: a change leaves out none.
    if (chain.next !== null && chain.next.from <= revealEpoch(state)) {
      const { tip, left, from } = chain.next
      state.chains.set(chain.member, { ...chain, tip, left, from, next: null })
    }
  }
}

function finish(state: State, epoch: number, suite: Suite): void {
  const reveals = sorted(state.reveals.get(epoch))
  const anchors = sorted(state.anchors.get(epoch))
  const groups = new Set(reveals.map(([member]) => state.members.get(member)!.ownerGroup))
  const revealed = new Set(reveals.map(([member]) => member))
  const missed: string[] = []
  for (const { member, from, left } of state.chains.values()) {
    if (revealed.has(member) || from > epoch || left === 0 || state.members.get(member)!.status !== 'active')
      continue
    missed.push(member)
    state.chains.update(member, { missed: state.chains.get(member)!.missed + 1 })
  }
  state.epochs.set(String(epoch), {
    epoch,
    seed: toHex(seedOf(epoch, reveals, anchors, suite)),
    groups: [...groups],
    missed,
    anchors: anchors.length,
    predictable: groups.size < 2,
    ...(state.terms.audit && {
      drawnFrom: anchors.map(([log, { from, size, root }]) => ({ log, from, to: size, root })),
    }),
  })
}

/** The seed of an epoch. Links in hex by member, anchors by log origin, both sorted. */
export function seedOf(
  epoch: number,
  reveals: readonly (readonly [string, string])[],
  anchors: readonly (readonly [string, { size: number; root: string }])[],
  suite: Suite,
): Uint8Array {
  const parts = [utf8(`answerable-beacon/v1\n${epoch}\n`)]
  for (const [member, link] of reveals) parts.push(utf8(`${member} `), fromHex(link))
  parts.push(utf8('\n'))
  for (const [origin, { size, root }] of anchors) parts.push(utf8(`${origin} ${size} `), fromHex(root))
  return suite.sha256(concat(...parts))
}

/** The newest epoch with a seed. */
export function newestSeed(state: State): { epoch: number; seed: string; predictable: boolean } | undefined {
  for (let epoch = state.epoch - 2; epoch >= Math.max(0, state.epoch - EPOCHS_KEPT); epoch--) {
    const found = state.epochs.get(String(epoch))
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Draws `count` of `candidates`, by owner group, from a seed and what the draw is for: each group's place is the hash
 * of seed, purpose and group, so anyone can draw again, and nobody draws twice for one thing.
 */
export function draw(
  seed: string,
  purpose: string,
  candidates: readonly { id: string; group: string }[],
  count: number,
  suite: Suite,
): string[] {
  const byGroup = new Map<string, string[]>()
  for (const { id, group } of candidates) byGroup.set(group, [...(byGroup.get(group) ?? []), id])
  const place = (name: string) => suite.sha256Hex(utf8(`answerable-draw/v1\n${seed}\n${purpose}\n${name}`))
  return [...byGroup]
    .map(([group, ids]) => ({ at: place(group), ids }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .slice(0, count)
    .map(({ ids }) => ids.map(id => ({ at: place(id), id })).sort((a, b) => (a.at < b.at ? -1 : 1))[0]!.id)
}

function sorted<T>(map: ReadonlyMap<string, T> | undefined): [string, T][] {
  return [...(map ?? [])].sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
}
