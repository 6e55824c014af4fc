/**
 * A drill injects one fault for real in a throwaway network and says who noticed. What it reports is only what it
 * looked at and found; a drill whose fault nobody notices fails.
 */
import type { Scene } from './scene.ts'

export interface Drill {
  readonly name: string
  /** A few words. */
  readonly title: string
  /** What goes wrong, in a sentence. */
  readonly fault: string
  /** Who bears the cost of it. */
  readonly payer: string
  /** How what followed can be appealed or undone. */
  readonly appeal: string
  /** What the drill leaves open. */
  readonly notShown: readonly string[]
  /** What is missing on this machine, where it cannot run here. */
  needs?(): string | undefined
  /** Does it, and tells the scene's findings. Runs without the fault where `scene.inject` is false: it must then fail. */
  run(scene: Scene): Promise<void>
}

export interface Notice {
  who: string
  /** On what evidence. */
  evidence: string
  /** Since the fault. */
  afterMs: number
}

/** Plain data. */
export interface DrillReport {
  name: string
  title: string
  fault: string
  /** What was done, one thing a line. */
  injected: string[]
  noticedBy: Notice[]
  atOnce: string[]
  consequence: string[]
  payer: string
  appeal: string
  notShown: string[]
  passed: boolean
  /** What should have been noticed or should have followed, and was not found. */
  missed: string[]
  /** What is missing on this machine, where it did not run. */
  skipped?: string
  /** Why the drill itself could not go on, where it could not. */
  brokeOff?: string
  tookMs: number
}
