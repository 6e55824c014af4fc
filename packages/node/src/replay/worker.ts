/**
 * The process in which models run again: native runtimes can hang or crash, and must not take the auditor with them. It
 * keeps one model open, for records of the same model come in a row.
 */
import type { Rerun, RerunRecord } from '@answerable/core/audit'
import { notRerun } from '@answerable/core/audit'
import type { ReplayLimits } from './limits.ts'
import { modelKey, recordedModel } from './recorded-model.ts'
import { openReplay, type Replay } from './replay.ts'

export interface WorkerJob {
  job: number
  record: RerunRecord
  file: string
  limits: ReplayLimits
}

export type WorkerAnswer = { job: number; rerun: Rerun } | { job: number; failed: string }

export type WorkerOrder = WorkerJob | { abort: number }

let open: { key: string; replay: Replay } | undefined
let running: { job: number; stop: AbortController } | undefined

process.on('message', (order: WorkerOrder) => {
  if ('abort' in order) {
    if (running?.job === order.abort) running.stop.abort()
    return
  }
  const { job } = order
  const stop = new AbortController()
  running = { job, stop }
  run(order, stop.signal).then(
    rerun => answer({ job, rerun }),
    error => answer({ job, failed: error instanceof Error ? error.message : String(error) }),
  )
})
// Whoever asked is gone.
process.on('disconnect', () => process.exit(0))

function answer(message: WorkerAnswer): void {
  running = undefined
  process.send?.(message)
}

async function run({ record, file, limits }: WorkerJob, signal: AbortSignal): Promise<Rerun> {
  const recorded = recordedModel(record.model)
  if (typeof recorded === 'string') return notRerun({ entry: record.entry }, recorded)
  const key = `${file}\n${modelKey(recorded)}`
  if (open?.key !== key) {
    const before = open?.replay
    open = undefined
    await before?.close()
    const replay = await openReplay(recorded, file, limits)
    if (typeof replay === 'string') return notRerun({ entry: record.entry, model: recorded.manifest }, replay)
    open = { key, replay }
  }
  return open.replay.rerun(record, signal)
}
