/** What one re-run may take: records come from people who may wish the auditor ill. */

export interface ReplayLimits {
  /** Tokens of a language model's context. */
  contextSize: number
  threads: number
  /** Bytes of a model's file. */
  modelBytes: number
  /** Bytes of a recorded answer. */
  responseBytes: number
}

export const REPLAY_LIMITS: ReplayLimits = {
  contextSize: 32_768,
  threads: 16,
  modelBytes: 16 * 2 ** 30,
  responseBytes: 64 * 2 ** 20,
}
