/** Running a drill, with its fault or without. */
import { AnswerableError } from '@answerable/core'
import { backdatedRecord } from './backdated-record.ts'
import { censoringHost } from './censoring-host.ts'
import { conflictingHandIns } from './conflicting-hand-ins.ts'
import { deadWitnesses } from './dead-witnesses.ts'
import { dissentingModels } from './dissenting-models.ts'
import type { Drill, DrillReport } from './drill.ts'
import { flippedByte } from './flipped-byte.ts'
import { forbiddenEntry } from './forbidden-entry.ts'
import { forkedLog } from './forked-log.ts'
import { killInCommit } from './kill-in-commit.ts'
import { lateValidator } from './late-validator.ts'
import { noReceipt } from './no-receipt.ts'
import { restoredSnapshot } from './restored-snapshot.ts'
import { rulesChange } from './rules-change.ts'
import { Scene } from './scene.ts'
import { silentHost } from './silent-host.ts'
import { stolenKey } from './stolen-key.ts'
import { streamCutOff } from './stream-cut-off.ts'
import { wrongStateDigest } from './wrong-state-digest.ts'

const DRILLS: readonly Drill[] = [
  flippedByte,
  forkedLog,
  deadWitnesses,
  killInCommit,
  noReceipt,
  restoredSnapshot,
  streamCutOff,
  forbiddenEntry,
  wrongStateDigest,
  censoringHost,
  silentHost,
  conflictingHandIns,
  lateValidator,
  stolenKey,
  rulesChange,
  backdatedRecord,
  dissentingModels,
]

/** All drills, in the order in which they are best read. */
export function listDrills(): readonly Drill[] {
  return DRILLS
}

export interface RunOptions {
  /** Whether the fault is injected; true by default. Without it a drill must fail, or it shows nothing. */
  inject?: boolean
}

/** Runs one drill. Throws `bad-request` for an unknown name; what breaks inside a drill is in its report. */
export async function runDrill(name: string, { inject = true }: RunOptions = {}): Promise<DrillReport> {
  const drill = DRILLS.find(one => one.name === name)
  if (drill === undefined) {
    const names = DRILLS.map(one => one.name).join(', ')
    throw new AnswerableError('bad-request', `no drill "${name}"; there are: ${names}`)
  }
  const started = performance.now()
  const scene = await Scene.open(inject)
  const { findings } = scene
  const failures: unknown[] = []
  await drill.run(scene).catch(error => failures.push(error))
  await scene.close().catch(error => failures.push(error))
  const brokeOff = failures.map(error => (error instanceof Error ? error.message : String(error)))[0]
  const { title, fault, payer, appeal, notShown } = drill
  const { injected, noticedBy, atOnce, consequence, missed } = findings
  return {
    name,
    title,
    fault,
    injected,
    noticedBy,
    atOnce,
    consequence,
    payer,
    appeal,
    notShown: [...notShown],
    passed: findings.passed && brokeOff === undefined,
    missed,
    ...(brokeOff !== undefined && { brokeOff }),
    tookMs: Math.round(performance.now() - started),
  }
}
