/** How soon those are caught who record a model, a sampling or a seed that they did not use. */
import { openForRerun, type Rerun, tokenMargin } from '@answerable/core/audit'
import { nodeSuite } from '@answerable/node/log'
import type { LabelledApplicant } from '@answerable/node/models'
import { OnnxModel } from '@answerable/node/runtime'
import { askLlama, askOnnx } from '../../packages/node/src/replay/records.fixture.ts'
import { asked, auditorOn, open, STORIES, type Substitution } from './audit-llama.ts'
import { type AuditedModel, creditModels, editedCredit, onnxAuditor } from './audit-onnx.ts'
import { forTheRecord, type Row } from './rows.ts'

const CAUGHT_TOKENS = [16, 64, 192]
const CAUGHT_RECORDS = 16
const CAUGHT_DECISIONS = 100
const signal = new AbortController().signal

/** Edits of one weight of the credit model, and a coarser one, where the record names the model as it was. */
export async function caughtOnnx(
  folder: string,
  labelled: readonly LabelledApplicant[],
  say: (line: string) => void,
): Promise<Row[]> {
  const { network, models } = creditModels(folder, labelled)
  const [honest, int8] = models as [AuditedModel, AuditedModel]
  const model = await OnnxModel.open(honest.file, { name: honest.name, version: '1' })
  const cases: [string, string][] = [['int8 for f32', int8.file]]
  for (const by of [1e-2, 1e-4, 1e-5, 1e-6])
    cases.push([`one weight changed by ${by}`, editedCredit(folder, network, by)])
  const rows: Row[] = []
  for (const [name, file] of cases) {
    say(`caught: ${name}`)
    const other = await OnnxModel.open(file, { name: honest.name, version: '1' })
    let caught = 0
    for (let seed = 0; seed < CAUGHT_DECISIONS; seed++) {
      const record = await askOnnx(other, honest.ask(seed), { says: model.describe() })
      const { outcome } = await onnxAuditor(model, record).rerun(openForRerun(record, nodeSuite), signal)
      if (outcome === 'inconsistent') caught++
    }
    await other.close()
    rows.push(forTheRecord(`caught, a credit decision: ${name}`, caught / CAUGHT_DECISIONS, ''))
  }
  await model.close()
  return rows
}

/** Whoever lies says that they run the F32 model as the gateway does, so the auditor's margin is the one of the same setting. */
export async function caught(cases: readonly Substitution[], say: (line: string) => void): Promise<Row[]> {
  const honest = await open(STORIES)
  const says = honest.describe()
  const auditor = auditorOn(honest, false)
  const wide = auditorOn(honest, false, tokenMargin({ quantised: false, sameSetting: false }))
  const rows: Row[] = []
  const most = CAUGHT_TOKENS.at(-1)!
  for (const { name, file, options, lie, drawn } of cases) {
    const model = await open(file, options)
    for (const temperature of drawn === true ? [1] : [0, 1]) {
      say(`caught: ${name}, temperature ${temperature}`)
      const ends: number[] = []
      const wideEnds: number[] = []
      for (let seed = 0; seed < CAUGHT_RECORDS; seed++) {
        const fields = asked(seed, most, temperature)
        const record = await askLlama(model, '/v1/completions', fields, { ...lie, says })
        const opened = openForRerun(record, nodeSuite)
        const end = tokensUntil(await auditor.rerun(opened, signal))
        ends.push(end)
        // What is not caught by the narrow margin is not by the wide one.
        wideEnds.push(Number.isFinite(end) ? tokensUntil(await wide.rerun(opened, signal)) : end)
      }
      say(`  after tokens: ${[...ends].sort((a, b) => a - b).join(' ')}`)
      say(`  by the margin of other settings: ${[...wideEnds].sort((a, b) => a - b).join(' ')}`)
      const how = temperature === 0 ? 'greedy' : 'drawn'
      const within = (tokens: number, all: number[]) => all.filter(end => end <= tokens).length / all.length
      for (const tokens of CAUGHT_TOKENS)
        rows.push(forTheRecord(`caught within ${tokens} tokens, ${how}: ${name}`, within(tokens, ends), ''))
      rows.push(
        forTheRecord(`the same within ${most}, where another setting is claimed`, within(most, wideEnds), ''),
      )
    }
    await model.close()
  }
  await honest.close()
  return rows
}

/** How many tokens had to be seen; Infinity where nothing showed. */
function tokensUntil({ outcome, closeness }: Rerun): number {
  if (outcome !== 'inconsistent' || closeness?.of !== 'tokens') return Number.POSITIVE_INFINITY
  return closeness.furthest === undefined ? closeness.checked : closeness.furthest.at + 1
}
