/** What answers in a comparison: something that goes on from a prompt. */
import type { ComparedSide, ComparisonParameters } from '@answerable/core/compare'

export interface Source {
  /** For the statement. */
  readonly side: ComparedSide
  /** The text of one answer. Rejects with an `AnswerableError`; `isLasting` says whether another try is of any use. */
  complete(prompt: string, seed: number, signal: AbortSignal): Promise<string>
  close(): Promise<void>
}

export type { ComparisonParameters }
