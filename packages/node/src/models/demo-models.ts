/** Makes the demo models' files. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8 } from '@answerable/core'
import { GENERATOR_VERSION, generateApplicants } from './credit-generator.ts'
import { creditGraph, type GraphDescription } from './credit-graph.ts'
import { creditInt8Graph } from './credit-int8-graph.ts'
import { evaluate } from './evaluate.ts'
import { modelCard } from './model-card.ts'
import { decide } from './network.ts'
import { type OnnxModelFile, writeOnnx } from './onnx-writer.ts'
import { decideQuantised, quantise } from './quantise.ts'
import { train } from './train.ts'

export interface DemoModel {
  name: string
  version: string
  /** Path of the ONNX file. */
  file: string
  /** SHA-256 of the ONNX file, hex. */
  sha256: string
  /** Path of the model card, JSON. */
  card: string
}

const VERSION = '1.0.0'
const TRAINING = { seed: 20240501, applicants: 8000 }
const EVALUATION = { seed: 20240502, applicants: 8000 }

/**
 * The digests of the files of this version. The build uses no operation whose bits a platform may choose, so they hold
 * everywhere; they let a start with the files in place skip the training. A change to the data, the training or the
 * writing is a new `VERSION` with new digests, which the test prints.
 */
const DIGESTS: Record<string, string> = {
  'credit-f32.onnx': '0cfde84ef51f0d2e9e999a854b5de82a470cd243e2d94a55846a1dbf402f7f68',
  'credit-f32.card.json': '0b007df7752c40aa8e0f4cb27a53a47493e92a68d6adbb7898061ffdfa412c1e',
  'credit-int8.onnx': '79e46723eb87903ad04db36755bb1aee1df156f159f26d71e9e788328c47b83a',
  'credit-int8.card.json': '76f7fe274d471137be1924cee74e71ed1091af934c68a2e91d3e1e2013f16c5f',
}

/** Training takes a second or two, and comes to the same each time: once a process is enough. */
let made: Record<string, Uint8Array> | undefined

/**
 * Makes `credit-f32.onnx`, `credit-int8.onnx` and a `.card.json` for each in `directory`, and the directory itself.
 * Files that are there with the right bytes are left alone; others are replaced.
 */
export async function buildDemoModels(directory: string): Promise<DemoModel[]> {
  const names = Object.keys(DIGESTS)
  const digests = await Promise.all(names.map(name => digestOf(join(directory, name))))
  const complete = names.every((name, i) => digests[i] === DIGESTS[name])
  if (!complete) {
    await mkdir(directory, { recursive: true })
    made ??= demoFiles()
    for (const [name, bytes] of Object.entries(made)) await place(join(directory, name), bytes)
  }
  return Promise.all(
    ['credit-f32', 'credit-int8'].map(async name => {
      const file = join(directory, `${name}.onnx`)
      const sha256 = await digestOf(file)
      return { name, version: VERSION, file, sha256: sha256!, card: join(directory, `${name}.card.json`) }
    }),
  )
}

/** The files by name, made from nothing but this folder's code: the same bytes every time. */
export function demoFiles(): Record<string, Uint8Array> {
  const training = generateApplicants(TRAINING.applicants, TRAINING.seed)
  const network = train(training, { seed: 1 })
  const quantised = quantise(
    network,
    training.map(({ applicant }) => applicant),
  )
  const held = generateApplicants(EVALUATION.applicants, EVALUATION.seed)
  const agreeing = held.filter(
    ({ applicant }) => decide(network, applicant).approved === decideQuantised(quantised, applicant).approved,
  )
  const f32 = evaluate(held, applicant => decide(network, applicant))
  const int8 = evaluate(held, applicant => decideQuantised(quantised, applicant))

  const files: Record<string, Uint8Array> = {}
  const add = (
    name: string,
    graph: (description: GraphDescription) => OnnxModelFile,
    figures: typeof f32,
    agreementWithF32?: number,
  ) => {
    const doc = `Demo credit decision, biased on purpose; for no decision about a real person. See ${name}.card.json.`
    const metadata = { generator: GENERATOR_VERSION, training_seed: String(TRAINING.seed) }
    const bytes = writeOnnx(graph({ name, version: VERSION, doc, metadata }))
    const card = modelCard({
      name,
      version: VERSION,
      sha256: sha256Hex(bytes),
      threshold: network.threshold,
      training: TRAINING,
      evaluation: {
        seed: EVALUATION.seed,
        figures,
        ...(agreementWithF32 === undefined ? {} : { agreementWithF32 }),
      },
    })
    files[`${name}.onnx`] = bytes
    files[`${name}.card.json`] = utf8(`${JSON.stringify(card, null, 2)}\n`)
  }
  add('credit-f32', description => creditGraph(network, description), f32)
  add(
    'credit-int8',
    description => creditInt8Graph(quantised, description),
    int8,
    agreeing.length / held.length,
  )
  return files
}

/** The digests that `DIGESTS` must hold for `files`. */
export function digestsOf(files: Record<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256Hex(bytes)]))
}

export function pinnedDigests(): Readonly<Record<string, string>> {
  return DIGESTS
}

/**
 * By rename, so that a reader sees the old file or the new one and two builders at once do no harm. Not synced: a file
 * that a power cut tore has another digest, and is made again.
 */
async function place(file: string, bytes: Uint8Array): Promise<void> {
  if ((await digestOf(file)) === sha256Hex(bytes)) return
  const temporary = `${file}.${process.pid}.${performance.now()}.tmp`
  await writeFile(temporary, bytes)
  await rename(temporary, file)
}

async function digestOf(file: string): Promise<string | undefined> {
  try {
    return sha256Hex(await readFile(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
