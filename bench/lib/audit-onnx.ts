/** ONNX models, and the settings in which honest operators run them, for the bench of audits. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openForRerun, type RecordParts } from '@answerable/core/audit'
import { findCanonical } from '@answerable/node/canonical'
import { nodeSuite } from '@answerable/node/log'
import {
  CREDIT_FEATURES,
  creditGraph,
  creditInt8Graph,
  generateApplicants,
  type LabelledApplicant,
  type Network,
  parseStatlog,
  quantise,
  train,
  writeOnnx,
} from '@answerable/node/models'
import { OnnxReplay, openCanonical, recordedModel, type TensorModel } from '@answerable/node/replay'
import { OnnxModel, type Optimisation } from '@answerable/node/runtime'
import { Prng } from '../../packages/node/src/models/prng.ts'

export interface AuditedModel {
  name: string
  file: string
  /** A request body, another for every seed. */
  ask(seed: number): unknown
}

const GERMAN = join(import.meta.dirname, '../../../shared/data/german.data')
const WIDTH = 64
const LAYERS = 12

/** Rows of real applicants where the file is there, made ones otherwise; says which. */
export function applicants(): { rows: LabelledApplicant[]; source: string } {
  if (!existsSync(GERMAN)) return { rows: generateApplicants(1000, 7), source: 'generated applicants' }
  const rows = parseStatlog(readFileSync(GERMAN, 'utf8'))
  const order = Int32Array.from(rows.keys())
  new Prng(1).shuffle(order)
  return { rows: [...order].map(i => rows[i]!), source: 'German Credit' }
}

export interface CreditModels {
  network: Network
  models: AuditedModel[]
}

export function creditModels(folder: string, rows: readonly LabelledApplicant[]): CreditModels {
  const network = train(rows.slice(0, 700), { seed: 1, epochs: 10 })
  const quantised = quantise(
    network,
    rows.slice(0, 700).map(({ applicant }) => applicant),
  )
  const held = rows.slice(700).map(({ applicant }) => applicant)
  const ask = (seed: number) => {
    const random = new Prng(seed)
    const count = [1, 1, 4, 32][seed % 4]!
    const asked = Array.from({ length: count }, () => held[Math.floor(random.uniform() * held.length)]!)
    return {
      inputs: CREDIT_FEATURES.map(({ name }) => ({
        name,
        datatype: 'FP32',
        shape: [count, 1],
        data: asked.map(applicant => applicant[name]!),
      })),
    }
  }
  const write = (name: string, bytes: Uint8Array): AuditedModel => {
    const file = join(folder, `${name}.onnx`)
    writeFileSync(file, bytes)
    return { name, file, ask }
  }
  const described = (name: string) => ({ name, version: '1', doc: 'bench', metadata: {} })
  return {
    network,
    models: [
      write('credit-f32', writeOnnx(creditGraph(network, described('credit-f32')))),
      write('credit-int8', writeOnnx(creditInt8Graph(quantised, described('credit-int8')))),
    ],
  }
}

/** The credit model with one weight of its first layer changed. */
export function editedCredit(folder: string, network: Network, by: number): string {
  const edited = structuredClone(network)
  edited.layers[0]!.weights[40]! += by
  const file = join(folder, `credit-f32-${by}.onnx`)
  const described = { name: 'credit-f32', version: '1', doc: 'bench', metadata: {} }
  writeFileSync(file, writeOnnx(creditGraph(edited, described)))
  return file
}

/** Twelve blocks of product, normalisation and curve, and a softmax: what differs between runtimes, many times over. */
export function deepModel(folder: string): AuditedModel {
  const random = new Prng(12)
  const matrix = (rows: number, columns: number) =>
    Float32Array.from({ length: rows * columns }, () => random.normal() / Math.sqrt(rows))
  const nodes: Parameters<typeof writeOnnx>[0]['nodes'] = []
  const initializers: Parameters<typeof writeOnnx>[0]['initializers'] = []
  let last = 'x'
  for (let i = 0; i < LAYERS; i++) {
    initializers.push(
      { name: `w${i}`, shape: [WIDTH, WIDTH], data: matrix(WIDTH, WIDTH) },
      { name: `s${i}`, shape: [WIDTH], data: new Float32Array(WIDTH).fill(1) },
      { name: `b${i}`, shape: [WIDTH], data: matrix(WIDTH, 1) },
    )
    nodes.push(
      { operator: 'MatMul', inputs: [last, `w${i}`], output: `p${i}` },
      { operator: 'LayerNormalization', inputs: [`p${i}`, `s${i}`, `b${i}`], output: `n${i}` },
      { operator: ['Tanh', 'Sigmoid', 'Relu'][i % 3]!, inputs: [`n${i}`], output: `c${i}` },
      { operator: 'Add', inputs: [`c${i}`, last], output: `r${i}` },
    )
    last = `r${i}`
  }
  nodes.push({ operator: 'Softmax', inputs: [last], output: 'y', attributes: { axis: 1 } })
  const file = join(folder, 'deep.onnx')
  writeFileSync(
    file,
    writeOnnx({
      name: 'deep',
      doc: 'bench',
      producerVersion: '1',
      metadata: {},
      inputs: [{ name: 'x', type: 'float32', shape: ['N', WIDTH] }],
      outputs: [{ name: 'y', type: 'float32', shape: ['N', WIDTH] }],
      initializers,
      nodes,
    }),
  )
  return {
    name: 'deep',
    file,
    ask(seed) {
      const inputs = new Prng(seed)
      const count = [1, 4, 16, 64][seed % 4]!
      const data = Array.from({ length: count * WIDTH }, () => Math.fround(inputs.normal()))
      return { inputs: [{ name: 'x', datatype: 'FP32', shape: [count, WIDTH], data }] }
    },
  }
}

/** Every optimisation level with one thread and with two, and the canonical runtime where it is installed. */
export async function honestSettings(model: AuditedModel): Promise<Record<string, TensorModel>> {
  const settings: Record<string, TensorModel> = {}
  for (const optimisation of ['disabled', 'basic', 'extended', 'all'] satisfies Optimisation[])
    for (const threads of [1, 2]) {
      const options = { name: model.name, version: '1', optimisation, threads }
      settings[`${optimisation}, ${threads} thread${threads === 1 ? '' : 's'}`] = await OnnxModel.open(
        model.file,
        options,
      )
    }
  if (findCanonical() !== undefined) {
    const native = settings['disabled, 1 thread']!
    settings.wasm = await openCanonical(model.file, native.describe())
  }
  return settings
}

/** An auditor with a model open in some setting, who knows by which number the credit models decide. */
export function onnxAuditor(
  model: ConstructorParameters<typeof OnnxReplay>[0],
  record: RecordParts,
): OnnxReplay {
  const recorded = recordedModel(openForRerun(record, nodeSuite).model)
  if (typeof recorded === 'string') throw new Error(recorded)
  const decisions = [
    { output: 'approved', from: 'probability_good', operator: 'GreaterOrEqual', threshold: 0.5 },
  ] as const
  return new OnnxReplay(model, recorded, { decisions })
}
