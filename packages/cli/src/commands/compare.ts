/** Which model is behind it? Two sources of answers, compared by what they say. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { AnswerableError } from '@answerable/core'
import {
  type ComparisonParameters,
  comparisonFields,
  eWords,
  NEUTRAL_PROMPTS,
} from '@answerable/core/compare'
import { type Compared, compare, type Source } from '@answerable/node/compare'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { pageOf } from '../compare/page.ts'
import { readPrompts } from '../compare/prompt-file.ts'
import { openSide, readSide, type SideOptions } from '../compare/sides.ts'
import { codeOf, replaceFile } from '../home.ts'
import { comparisonLines } from '../output/comparison.ts'
import { Progress } from '../output/progress.ts'
import { note, print, printJson } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { onStop } from '../stop.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    samples: { type: 'string', default: '200' },
    'max-tokens': { type: 'string', default: '24' },
    temperature: { type: 'string', default: '1' },
    'top-p': { type: 'string', default: '1' },
    level: { type: 'string', default: '0.01' },
    prompts: { type: 'string' },
    completions: { type: 'boolean', default: false },
    parallel: { type: 'string', default: '4' },
    'key-a': { type: 'string' },
    'key-b': { type: 'string' },
    network: { type: 'string' },
    timeout: { type: 'string', default: '60' },
    'no-seed': { type: 'boolean', default: false },
    out: { type: 'string', short: 'o' },
    'keep-samples': { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [nameA, nameB] = expectPositionals(positionals, 'A', 'B')
  const parameters: ComparisonParameters = {
    temperature: numberOption(values.temperature, '--temperature', 0, 2),
    topP: numberOption(values['top-p'], '--top-p', 0, 1),
    maxTokens: whole(values['max-tokens'], '--max-tokens', 1, 4096),
    api: values.completions ? 'completion' : 'chat',
  }
  const samples = whole(values.samples, '--samples', 1, 20_000)
  const level = numberOption(values.level, '--level', 1e-9, 0.5)
  const parallel = whole(values.parallel, '--parallel', 1, 64)
  const prompts = values.prompts === undefined ? NEUTRAL_PROMPTS : await readPrompts(values.prompts)
  const side: Omit<SideOptions, 'keyFrom'> = {
    parameters,
    network: values.network,
    timeoutMs: numberOption(values.timeout, '--timeout', 0.1, 3600) * 1000,
    seeds: !values['no-seed'],
  }
  // Both are read before either is opened: a model file takes a while.
  const [named, other] = [readSide(nameA), readSide(nameB)]
  const kept = values['keep-samples'] === undefined ? undefined : keepIn(values['keep-samples'])
  const stop = onStop()
  const progress = new Course(samples)
  let a: Source | undefined
  let b: Source | undefined
  let compared: Compared
  try {
    a = await openSide(named, { ...side, keyFrom: values['key-a'] })
    b = await openSide(other, { ...side, keyFrom: values['key-b'] })
    compared = await compare({
      a,
      b,
      prompts,
      parameters,
      samples,
      level,
      parallel,
      signal: stop,
      onPoint: ({ at, logE }) => progress.update(at, logE),
      ...(kept && { keep: kept.write }),
    })
  } finally {
    progress.end()
    kept?.close()
    await Promise.all([a?.close(), b?.close()])
  }
  const { body, faults } = compared
  if (values.out !== undefined) replaceFile(values.out, pageOf(body), 0o644)
  if (values.json) printJson({ ...comparisonFields(body), faults })
  else {
    print(...comparisonLines(body, faults))
    if (values.out !== undefined) note('', ...wrap(`The report, with a picture: ${values.out}`))
  }
  return body.outcome === 'different' ? 1 : 0
}

function whole(text: string, option: string, least: number, most: number): number {
  const value = numberOption(text, option, least, most)
  if (!Number.isInteger(value)) throw new AnswerableError('bad-request', `${option}: expected a whole number`)
  return value
}

/** What was asked and answered, for its owner alone. An older file is not written over. */
function keepIn(path: string): { write(line: string): void; close(): void } {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (cause) {
    const why = codeOf(cause) === 'EEXIST' ? 'is there already' : `cannot be written (${codeOf(cause)})`
    throw new AnswerableError('not-writable', `${path}: ${why}`, { cause })
  }
  return { write: line => void writeSync(file, line), close: () => closeSync(file) }
}

/** The bar of pairs, with what the e-value has come to. */
class Course {
  readonly #bar: Progress

  constructor(samples: number) {
    this.#bar = new Progress(samples, 'pairs')
  }

  update(at: number, logE: number): void {
    this.#bar.update(at, `e-value ${eWords(logE)}`)
  }

  end(): void {
    this.#bar.end()
  }
}
