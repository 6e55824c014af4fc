/**
 * Records of one sort, by id, in the order in which they were first set. The order is that of the log, so everyone who
 * replays it has the same, and the tree over them (RFC 6962) gives each record an inclusion proof. A change costs the
 * hashes on its path, when the root is next asked for.
 */
import { utf8 } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import { EMPTY_ROOT, leafHash, nodeHash } from '../tlog/merkle.ts'
import { inclusionProof, treeRoot } from '../tlog/range.ts'

interface Slot<T> {
  readonly at: number
  value: T
}

export class Collection<T extends object> {
  readonly #slots = new Map<string, Slot<T>>()
  readonly #ids: string[] = []
  /** Hashes of the leaves, and of each complete subtree above them. */
  readonly #levels: Uint8Array[][] = [[]]
  /** Leaves whose hash, or that of a subtree above them, is not what it should be yet. */
  readonly #stale = new Set<number>()
  readonly #onSet: ((value: T, before: T | undefined) => void) | undefined

  /** `onSet` is told of each change, for what is derived from the records. */
  constructor(onSet?: (value: T, before: T | undefined) => void) {
    this.#onSet = onSet
  }

  get size(): number {
    return this.#slots.size
  }

  get(id: string): T | undefined {
    return this.#slots.get(id)?.value
  }

  has(id: string): boolean {
    return this.#slots.has(id)
  }

  /** Records are values: one that changes is set anew. */
  set(id: string, value: T): void {
    const slot = this.#slots.get(id)
    this.#onSet?.(value, slot?.value)
    if (slot !== undefined) {
      slot.value = value
      this.#stale.add(slot.at)
      return
    }
    this.#slots.set(id, { at: this.#ids.length, value })
    this.#stale.add(this.#ids.length)
    this.#ids.push(id)
  }

  /** Changes some fields of a record that is there. */
  update(id: string, fields: Partial<T>): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) throw new Error(`no record ${id}`)
    this.set(id, { ...slot.value, ...fields })
  }

  *values(): Generator<T> {
    for (const { value } of this.#slots.values()) yield value
  }

  *entries(): Generator<[string, T]> {
    for (const [id, { value }] of this.#slots) yield [id, value]
  }

  root(suite: Suite): Uint8Array {
    this.#refresh(suite)
    return this.size === 0 ? EMPTY_ROOT : treeRoot(this.size, this.#read, suite)
  }

  /** Where a record is, and the hashes from it to the root. */
  prove(id: string, suite: Suite): { index: number; hashes: Uint8Array[] } | undefined {
    const slot = this.#slots.get(id)
    if (slot === undefined) return undefined
    this.#refresh(suite)
    return { index: slot.at, hashes: inclusionProof(slot.at, this.size, this.#read, suite) }
  }

  readonly #read = (level: number, index: number): Uint8Array => this.#levels[level]![index]!

  #refresh(suite: Suite): void {
    let changed = [...this.#stale].sort((a, b) => a - b)
    this.#stale.clear()
    for (const at of changed) {
      const id = this.#ids[at]!
      this.#levels[0]![at] = leafHash(utf8(recordText(id, this.#slots.get(id)!.value)), suite)
    }
    for (let level = 0; changed.length > 0; level++) {
      const below = this.#levels[level]!
      const parents: number[] = []
      for (const at of changed) {
        const parent = Math.floor(at / 2)
        if (parent * 2 + 1 < below.length && parents.at(-1) !== parent) parents.push(parent)
      }
      if (parents.length === 0) return
      this.#levels[level + 1] ??= []
      const above = this.#levels[level + 1]!
      for (const parent of parents)
        above[parent] = nodeHash(below[parent * 2]!, below[parent * 2 + 1]!, suite)
      changed = parents
    }
  }
}

/** The text of a record, of which its leaf is the hash: its fields stand in the order in which the rules set them. */
export function recordText(id: string, value: object): string {
  return JSON.stringify([id, value])
}
