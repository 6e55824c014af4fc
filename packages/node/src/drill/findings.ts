/** What a drill finds. Every line of it is the outcome of a check: one that did not hold is kept as missed. */
import type { Notice } from './drill.ts'

export class Findings {
  readonly injected: string[] = []
  readonly noticedBy: Notice[] = []
  readonly atOnce: string[] = []
  readonly consequence: string[] = []
  readonly missed: string[] = []
  #since: number | undefined

  /** A fault was injected just now. */
  inject(what: string): void {
    this.injected.push(what)
    this.#since = performance.now()
  }

  /** Milliseconds since the last fault. */
  get elapsedMs(): number {
    return performance.now() - (this.#since ?? performance.now())
  }

  /** Somebody noticed, or should have. `afterMs` where it was measured before now. */
  notice(held: boolean, who: string, evidence: string, afterMs: number = this.elapsedMs): void {
    if (held) this.noticedBy.push({ who, evidence, afterMs: Math.round(afterMs) })
    else this.missed.push(`not noticed by ${who}: ${evidence}`)
  }

  /** What happened at once. */
  now(held: boolean, what: string): void {
    if (held) this.atOnce.push(what)
    else this.missed.push(`did not happen: ${what}`)
  }

  /** What followed. */
  after(held: boolean, what: string): void {
    if (held) this.consequence.push(what)
    else this.missed.push(`did not follow: ${what}`)
  }

  get passed(): boolean {
    return this.noticedBy.length > 0 && this.missed.length === 0
  }
}
