/** The course of an e-process, kept in bounded room: every so-manieth point, its peak, and where it reached the level. */
import { AnswerableError } from '../error.ts'

export interface Point {
  /** Pairs, or tokens, seen. */
  at: number
  /** log10 of the e-value. */
  logE: number
}

const MOST_POINTS = 256

export class Path {
  /** log10 of what the e-value has to reach. */
  readonly threshold: number
  #points: Point[] = []
  #every = 1
  #last: Point = { at: 0, logE: 0 }
  #peak: Point = this.#last
  #crossing: Point | undefined

  /** Throws `bad-request` for a level that is none. */
  constructor(level: number) {
    this.threshold = -Math.log10(checkLevel(level))
  }

  get last(): Point {
    return this.#last
  }

  get peak(): Point {
    return this.#peak
  }

  /** Where the level was first reached. What comes after takes nothing of it back. */
  get crossing(): Point | undefined {
    return this.#crossing
  }

  /** Of the natural logarithm of the e-value after one more observation. */
  add(log: number): Point {
    const point = { at: this.#last.at + 1, logE: log / Math.LN10 }
    this.#last = point
    if (point.logE > this.#peak.logE) this.#peak = point
    if (this.#crossing === undefined && point.logE >= this.threshold) this.#crossing = point
    if (point.at % this.#every === 0) this.#points.push(point)
    if (this.#points.length > MOST_POINTS) {
      this.#every *= 2
      this.#points = this.#points.filter(({ at }) => at % this.#every === 0)
    }
    return point
  }

  /** At most `most` points in order, the start, crossing, peak and end among them. */
  thinned(most: number): Point[] {
    const marks = new Map<number, Point>()
    for (const point of [{ at: 0, logE: 0 }, this.#crossing, this.#peak, this.#last])
      if (point !== undefined) marks.set(point.at, point)
    const room = Math.max(0, most - marks.size)
    const step = Math.max(1, Math.ceil(this.#points.length / Math.max(1, room)))
    if (room > 0)
      for (let i = step - 1; i < this.#points.length; i += step)
        marks.set(this.#points[i]!.at, this.#points[i]!)
    return [...marks.values()].sort((a, b) => a.at - b.at)
  }
}

/** A probability of false alarm that one can mean: 1e-9 to 0.5. */
export function checkLevel(level: number): number {
  if (!(typeof level === 'number' && level >= 1e-9 && level <= 0.5))
    throw new AnswerableError('bad-request', 'level: expected a number from 1e-9 to 0.5')
  return level
}
