/** Running a drill, with its fault or without. */
import { AnswerableError } from '@answerable/core'
import { backdatedRecord } from './backdated-record.ts'
import { censoringHost } from './censoring-host.ts'
import { changedSampling } from './changed-sampling.ts'
import { coarserQuantisation } from './coarser-quantisation.ts'
import { conflictingHandIns } from './conflicting-hand-ins.ts'
import { deadWitnesses } from './dead-witnesses.ts'
import { debugModeEvidence } from './debug-mode-evidence.ts'
import { disagreeingAppraisals } from './disagreeing-appraisals.ts'
import { dissentingModels } from './dissenting-models.ts'
import type { Drill, DrillReport } from './drill.ts'
import { Findings } from './findings.ts'
import { flippedByte } from './flipped-byte.ts'
import { floodingAuditor } from './flooding-auditor.ts'
import { forbiddenEntry } from './forbidden-entry.ts'
import { forkedLog } from './forked-log.ts'
import { honestRuntimes } from './honest-runtimes.ts'
import { killInCommit } from './kill-in-commit.ts'
import { lateMoves } from './late-moves.ts'
import { lateValidator } from './late-validator.ts'
import { lyingAuditor } from './lying-auditor.ts'
import { missingCollateral } from './missing-collateral.ts'
import { noReceipt } from './no-receipt.ts'
import { restoredSnapshot } from './restored-snapshot.ts'
import { revokedMeasurement } from './revoked-measurement.ts'
import { revokedPlatform } from './revoked-platform.ts'
import { rulesChange } from './rules-change.ts'
import { Scene } from './scene.ts'
import { shoppedSeed } from './shopped-seed.ts'
import { silentHost } from './silent-host.ts'
import { stolenKey } from './stolen-key.ts'
import { streamCutOff } from './stream-cut-off.ts'
import { swappedModel } from './swapped-model.ts'
import { unboundGpu } from './unbound-gpu.ts'
import { withheldRecord } from './withheld-record.ts'
import { wrongOpening } from './wrong-opening.ts'
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
  swappedModel,
  coarserQuantisation,
  changedSampling,
  shoppedSeed,
  honestRuntimes,
  withheldRecord,
  wrongOpening,
  lyingAuditor,
  lateMoves,
  floodingAuditor,
  debugModeEvidence,
  revokedPlatform,
  unboundGpu,
  revokedMeasurement,
  missingCollateral,
  disagreeingAppraisals,
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
  const skipped = drill.needs?.()
  if (skipped !== undefined) return reportOf(drill, new Findings(), { skipped })
  const started = performance.now()
  const scene = await Scene.open(inject)
  const { findings } = scene
  const failures: unknown[] = []
  await drill.run(scene).catch(error => failures.push(error))
  await scene.close().catch(error => failures.push(error))
  const brokeOff = failures.map(error => (error instanceof Error ? error.message : String(error)))[0]
  return reportOf(drill, findings, {
    ...(brokeOff !== undefined && { brokeOff }),
    tookMs: Math.round(performance.now() - started),
  })
}

function reportOf(
  { name, title, fault, payer, appeal, notShown }: Drill,
  findings: Findings,
  { tookMs = 0, ...ended }: Partial<Pick<DrillReport, 'skipped' | 'brokeOff' | 'tookMs'>>,
): DrillReport {
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
    passed: findings.passed && ended.brokeOff === undefined,
    missed,
    ...ended,
    tookMs,
  }
}
