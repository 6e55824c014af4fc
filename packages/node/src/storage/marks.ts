/**
 * Where records lie in segments that are full: a batch every now and then, as they were passed. By these a record is found
 * by its index without its segment being read from the beginning each time.
 */
import type { Mark } from './segments.ts'

/** Bytes between two marks of a segment. */
const APART = 256 << 10
/** Segments whose marks are kept, those that were last passed. */
const MOST_SEGMENTS = 256

export class Marks {
  readonly #segments = new Map<number, Mark[]>()

  /** The last mark at or before an index. */
  before(segment: number, index: number): Mark | undefined {
    return this.#segments.get(segment)?.findLast(mark => mark.index <= index)
  }

  add(segment: number, mark: Mark): void {
    const marks = this.#segments.get(segment) ?? []
    const last = marks.at(-1)
    if (last !== undefined && mark.at < last.at + APART) return
    marks.push(mark)
    // Set anew, as the last.
    this.#segments.delete(segment)
    this.#segments.set(segment, marks)
    if (this.#segments.size > MOST_SEGMENTS) this.#segments.delete(this.#segments.keys().next().value!)
  }
}
