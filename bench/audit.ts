/**
 * Re-runs of records: what one costs, how often an honest operator is convicted (in whatever setting they and the auditor
 * run), and after how many tokens a substituted model, sampling or seed is caught.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openForRerun, type RecordParts, type Rerun } from '@answerable/core/audit'
import { nodeSuite } from '@answerable/node/log'
import { Replayer } from '@answerable/node/replay'
import { findLlama, type LlamaModel } from '@answerable/node/runtime'
import { askLlama, askOnnx } from '../packages/node/src/replay/records.fixture.ts'
import { caught, caughtOnnx } from './lib/audit-caught.ts'
import {
  asked,
  auditorOn,
  olderKernels,
  open,
  SETTINGS,
  STORIES,
  substitutions,
  TWO_THREADS,
  variants,
} from './lib/audit-llama.ts'
import {
  type AuditedModel,
  applicants,
  creditModels,
  deepModel,
  honestSettings,
  onnxAuditor,
} from './lib/audit-onnx.ts'
import { runPart } from './lib/process.ts'
import { atMost, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const ONNX_AUDITS = 9_300
const LLAMA_AUDITS = 600
const KERNEL_AUDITS = 240
const THREAD_AUDITS = 40
const HONEST_TOKENS = 48
const COST_ROUNDS = 15
const WARM_ROUNDS = 15
const COMPLETIONS = '/v1/completions'
const signal = new AbortController().signal

export const benchmark: Benchmark = {
  title: 'audit',
  async run(say): Promise<Row[]> {
    const folder = mkdtempSync(join(tmpdir(), 'answerable-audit-'))
    try {
      const { rows: labelled, source } = applicants()
      say(`credit models trained on ${source}`)
      const onnx = [...creditModels(folder, labelled).models, deepModel(folder)]
      const rows = [...(await onnxCost(onnx, say)), ...(await caughtOnnx(folder, labelled, say))]
      const honest = await honestOnnx(onnx, say)
      for (const { metric, value } of honest.rows()) say(`  ${metric}: ${value}`)
      if (existsSync(STORIES) && findLlama() !== undefined) {
        const files = variants(folder, say)
        rows.push(...(await llamaCost(say)))
        honest.add(await honestLlama(files, folder, say))
        for (const { metric, value } of honest.rows()) say(`  ${metric}: ${value}`)
        rows.push(...honest.rows(), ...(await caught(substitutions(folder, files), say)))
      } else {
        say('stories260K.gguf or the GGUF runtime is not there: language models are left out')
        rows.push(...honest.rows())
      }
      return rows
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** One inference is what the gateway does for one: read the request, run the model, write the answer. */
async function onnxCost(models: readonly AuditedModel[], say: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = []
  for (const model of models) {
    say(`cost: ${model.name}`)
    const native = (await honestSettings(model))['disabled, 1 thread']!
    const records = await Promise.all(
      Array.from({ length: 200 }, (_, seed) => askOnnx(native, model.ask(seed))),
    )
    const replay = onnxAuditor(native, records[0]!)
    const ratios: number[] = []
    const times: number[] = []
    // The first rounds are the compiler's.
    for (let round = -WARM_ROUNDS; round < COST_ROUNDS; round++) {
      const infer = async () => {
        for (const { request } of records) await askOnnx(native, JSON.parse(Buffer.from(request).toString()))
      }
      const audit = async () => {
        for (const record of records) await replay.rerun(openForRerun(record, nodeSuite), signal)
      }
      const [first, second] = round % 2 === 0 ? [infer, audit] : [audit, infer]
      const a = await milliseconds(first)
      const b = await milliseconds(second)
      const [inference, again] = round % 2 === 0 ? [a, b] : [b, a]
      if (round < 0) continue
      ratios.push(again / inference)
      times.push((1000 * again) / records.length)
    }
    say(`  ${median(ratios)}`)
    rows.push(
      forTheRecord(`audit of a record, ${model.name}`, median(times), 'µs'),
      atMost(`audit ÷ one recorded inference, ${model.name}`, median(ratios), '', 1.2),
    )
  }
  return rows
}

async function llamaCost(say: (line: string) => void): Promise<Row[]> {
  say('cost: stories260K')
  const model = await open(STORIES)
  const records: RecordParts[] = []
  for (let seed = 0; seed < 20; seed++) records.push(await askLlama(model, COMPLETIONS, asked(seed, 128)))
  const replay = auditorOn(model, false)
  const replayer = new Replayer({ findModel: () => STORIES })
  const bare: number[] = []
  const apart: number[] = []
  await replayer.rerun(records[0]!)
  for (let round = 0; round < COST_ROUNDS; round++) {
    const inference = await milliseconds(async () => {
      for (let seed = 0; seed < 20; seed++) await askLlama(model, COMPLETIONS, asked(seed, 128))
    })
    const again = await milliseconds(async () => {
      for (const record of records) await replay.rerun(openForRerun(record, nodeSuite), signal)
    })
    const queued = await milliseconds(() => Promise.all(records.map(record => replayer.rerun(record))))
    bare.push(again / inference)
    apart.push(queued / inference)
  }
  await replayer.close()
  await replay.close()
  return [
    atMost('audit ÷ one recorded inference, stories260K, 128 tokens', median(bare), '', 1.2),
    atMost('the same in a process apart, 20 records in a row', median(apart), '', 1.2),
  ]
}

/** Counts what came of audits of honest operators. */
class Honest {
  readonly #counts: Record<Rerun['outcome'], number> = {
    exact: 0,
    consistent: 0,
    inconsistent: 0,
    'not-rerun': 0,
  }
  readonly #furthest = { ulps: 0, noise: 0, quantisedNoise: 0 }

  count(rerun: Rerun, quantised = false): void {
    this.#counts[rerun.outcome]++
    const { closeness } = rerun
    if (closeness?.of === 'outputs')
      this.#furthest.ulps = Math.max(this.#furthest.ulps, closeness.largest?.scaledUlps ?? 0)
    const kind = quantised ? 'quantisedNoise' : 'noise'
    if (closeness?.of === 'tokens')
      this.#furthest[kind] = Math.max(this.#furthest[kind], closeness.furthest?.noise ?? 0)
  }

  add(other: Honest): void {
    for (const name of Object.keys(this.#counts) as Rerun['outcome'][])
      this.#counts[name] += other.#counts[name]
    for (const name of ['ulps', 'noise', 'quantisedNoise'] as const)
      this.#furthest[name] = Math.max(this.#furthest[name], other.#furthest[name])
  }

  rows(): Row[] {
    const { exact, consistent, inconsistent } = this.#counts
    const all = exact + consistent + inconsistent
    return [
      forTheRecord('honest audits, the two sides in all pairs of settings', all, ''),
      forTheRecord('of these exact', exact, ''),
      forTheRecord('of these consistent', consistent, ''),
      atMost('honest operators convicted', inconsistent, '', 0),
      forTheRecord('upper bound of the rate of convictions, at 95%', 3 / all, ''),
      atMost('honest audits that could not be run', this.#counts['not-rerun'], '', 0),
      forTheRecord('furthest honest output (512 allowed)', this.#furthest.ulps, 'ulp'),
      forTheRecord('furthest honest token, whole weights (0.05 allowed)', this.#furthest.noise, ''),
      forTheRecord('furthest honest token, quantised (0.5 allowed)', this.#furthest.quantisedNoise, ''),
    ]
  }
}

async function honestOnnx(models: readonly AuditedModel[], say: (line: string) => void): Promise<Honest> {
  const honest = new Honest()
  for (const model of models) {
    const settings = Object.entries(await honestSettings(model))
    // Records are of the native runtime: what an operator serves with.
    const operators = settings.filter(([name]) => name !== 'wasm')
    const rounds = Math.ceil(ONNX_AUDITS / models.length / operators.length / settings.length)
    say(`honest: ${model.name}, ${operators.length} operators by ${settings.length} auditors`)
    for (const [, operator] of operators)
      for (let round = 0; round < rounds; round++) {
        const record = await askOnnx(operator, model.ask(round))
        for (const [, auditor] of settings)
          honest.count(await onnxAuditor(auditor, record).rerun(openForRerun(record, nodeSuite), signal))
      }
    for (const [, setting] of settings) await setting.close()
  }
  return honest
}

async function honestLlama(
  files: Record<string, string>,
  folder: string,
  say: (line: string) => void,
): Promise<Honest> {
  const honest = new Honest()
  const types = ['F32', 'F16', 'Q8_0', 'Q4_0']
  const kernels = olderKernels(folder)
  say(`honest: kernels of ${Object.keys(kernels).join(', ') || 'this processor alone'}`)
  for (const type of types) {
    const file = files[type]!
    const quantised = type.startsWith('Q')
    const settings: LlamaModel[] = []
    for (const options of Object.values(SETTINGS)) settings.push(await open(file, options))
    const auditors = settings.map(model => auditorOn(model, quantised))
    const rounds = Math.ceil(LLAMA_AUDITS / types.length / settings.length / auditors.length)
    say(`honest: stories260K ${type}`)
    let seed = 0
    for (const operator of settings)
      for (let round = 0; round < rounds; round++) {
        const record = await askLlama(operator, COMPLETIONS, asked(seed++, HONEST_TOKENS))
        for (const auditor of auditors)
          honest.count(await auditor.rerun(openForRerun(record, nodeSuite), signal), quantised)
      }
    const threads = await open(file, TWO_THREADS)
    for (let i = 0; i < THREAD_AUDITS / types.length; i++) {
      const record = await askLlama(threads, COMPLETIONS, asked(seed++, HONEST_TOKENS))
      honest.count(await auditors[0]!.rerun(openForRerun(record, nodeSuite), signal), quantised)
    }
    await threads.close()
    for (const [kernel, runtime] of Object.entries(kernels)) {
      const count = Math.ceil(KERNEL_AUDITS / types.length / Object.keys(kernels).length)
      say(`honest: stories260K ${type}, an operator with the kernels of ${kernel}`)
      for (const record of await recordsOf(file, count, runtime))
        honest.count(await auditors[0]!.rerun(openForRerun(record, nodeSuite), signal), quantised)
    }
    for (const model of settings) await model.close()
  }
  return honest
}

/** Records of an operator whose runtime lies elsewhere. */
async function recordsOf(file: string, count: number, runtime: string): Promise<RecordParts[]> {
  type Line = { statement: string; begin?: string; request: string; response: string; disclosures: object }
  const env = { ANSWERABLE_LLAMA: runtime }
  const lines = await runPart<Line[]>('audit-operator', [file, 0, count, HONEST_TOKENS], undefined, env)
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))
  return lines.map(({ statement, begin, request, response, disclosures }) => ({
    statement: bytes(statement),
    ...(begin !== undefined && { begin: bytes(begin) }),
    request: bytes(request),
    response: bytes(response),
    disclosures,
  }))
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
