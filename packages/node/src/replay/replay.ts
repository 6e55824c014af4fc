/** An opened model on which records are run again, one at a time. */

import { AnswerableError } from '@answerable/core'
import { type NotRerun, notRerun, type Rerun, type RerunRecord } from '@answerable/core/audit'
import { REPLAY_LIMITS, type ReplayLimits } from './limits.ts'
import { LlamaReplay } from './llama.ts'
import { OnnxReplay } from './onnx.ts'
import { type RecordedModel, recordedModel } from './recorded-model.ts'

export interface Replay {
  /** Never rejects for what a record holds: that is an outcome. */
  rerun(record: RerunRecord, signal: AbortSignal): Promise<Rerun>
  close(): Promise<void>
}

/** Opens the model of a record from `file`, or says why the record is not run again. */
export async function openReplay(
  recorded: RecordedModel,
  file: string,
  limits: ReplayLimits = REPLAY_LIMITS,
): Promise<Replay | NotRerun> {
  try {
    return recorded.kind === 'onnx'
      ? await OnnxReplay.open(file, recorded, { limits })
      : await LlamaReplay.open(file, recorded, { limits })
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    return error.code === 'not-found' ? 'no-model-file' : 'bad-model'
  }
}

/** Opens a record's model, runs it again, and closes it. For several records use a `Replayer`. */
export async function rerun(
  record: RerunRecord,
  file: string,
  { limits, signal = new AbortController().signal }: { limits?: ReplayLimits; signal?: AbortSignal } = {},
): Promise<Rerun> {
  const recorded = recordedModel(record.model)
  if (typeof recorded === 'string') return notRerun({ entry: record.entry }, recorded)
  const replay = await openReplay(recorded, file, limits)
  if (typeof replay === 'string') return notRerun({ entry: record.entry, model: recorded.manifest }, replay)
  try {
    return await replay.rerun(record, signal)
  } finally {
    await replay.close()
  }
}
