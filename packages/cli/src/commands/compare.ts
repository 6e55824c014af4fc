/** Which model is behind it? Two sources of answers, compared by what they say. */
import { accessSync, closeSync, constants, openSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AnswerableError } from '@answerable/core'
import {
  type ComparisonParameters,
  comparisonFields,
  eWords,
  MOST_PAIRS,
  NEUTRAL_PROMPTS,
  type Point,
} from '@answerable/core/compare'
import {
  type Compared,
  compare,
  ModelFileSource,
  type ReplayTokensOptions,
  replayTokens,
  type Source,
} from '@answerable/node/compare'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { pageOf } from '../compare/page.ts'
import { readPrompts } from '../compare/prompt-file.ts'
import { type Named, openSide, readSide, type SideOptions } from '../compare/sides.ts'
import { codeOf, replaceFile } from '../home.ts'
import { comparisonLines } from '../output/comparison.ts'
import { Progress } from '../output/progress.ts'
import { note, print, printJson } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'
import { onStop } from '../stop.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    samples: { type: 'string', default: '200' },
    'max-tokens': { type: 'string' },
    temperature: { type: 'string' },
    'top-p': { type: 'string', default: '1' },
    level: { type: 'string', default: '0.01' },
    prompts: { type: 'string' },
    completions: { type: 'boolean', default: false },
    parallel: { type: 'string', default: '4' },
    'key-a': { type: 'string' },
    'key-b': { type: 'string' },
    tokens: { type: 'boolean', default: false },
    mismatches: { type: 'string' },
    margin: { type: 'string' },
    network: { type: 'string' },
    timeout: { type: 'string', default: '60' },
    'no-seed': { type: 'boolean', default: false },
    out: { type: 'string', short: 'o' },
    'keep-samples': { type: 'string' },
    state: { type: 'boolean', default: false },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [nameA, nameB] = expectPositionals(positionals, 'A', 'B')
  const parameters: ComparisonParameters = {
    temperature: numberOption(values.temperature ?? (values.tokens ? '0' : '1'), '--temperature', 0, 2),
    topP: numberOption(values['top-p'], '--top-p', 0, 1),
    maxTokens: whole(values['max-tokens'] ?? (values.tokens ? '64' : '24'), '--max-tokens', 1, 4096),
    api: values.completions ? 'completion' : 'chat',
  }
  const level = numberOption(values.level, '--level', 1e-9, 0.5)
  const parallel = whole(values.parallel, '--parallel', 1, 64)
  const prompts = values.prompts === undefined ? NEUTRAL_PROMPTS : await readPrompts(values.prompts)
  const asked = whole(values.samples, '--samples', 1, MOST_PAIRS)
  const samples = values.tokens ? Math.min(asked, prompts.length) : asked
  const side: Omit<SideOptions, 'keyFrom'> = {
    parameters,
    network: values.network,
    timeoutMs: numberOption(values.timeout, '--timeout', 0.1, 3600) * 1000,
    seeds: !values['no-seed'],
  }
  // Both are read before either is opened: a model file takes a while.
  const [named, other] = [readSide(nameA), readSide(nameB)]
  const byToken = values.tokens ? readTokenOptions(values, other, parameters) : undefined
  if (values.out !== undefined) expectFolder(values.out)
  const kept = values['keep-samples'] === undefined ? undefined : keepIn(values['keep-samples'])
  const stop = onStop()
  const progress = new Progress(samples, values.tokens ? 'answers' : 'pairs')
  let a: Source | undefined
  let b: Source | undefined
  let compared: Compared
  try {
    a = await openSide(named, { ...side, keyFrom: values['key-a'] })
    b = await openSide(other, { ...side, keyFrom: values['key-b'] })
    const shared = {
      prompts,
      parameters,
      samples,
      level,
      parallel,
      signal: stop,
      onPoint: ({ at, logE }: Point, answers = at) => progress.update(answers, `e-value ${eWords(logE)}`),
      ...(kept && { keep: kept.write }),
    }
    compared =
      byToken !== undefined && b instanceof ModelFileSource
        ? await replayTokens({ ...shared, ...byToken, a, b })
        : await compare({ ...shared, a, b })
  } finally {
    progress.end()
    kept?.close()
    await Promise.all([a?.close(), b?.close()])
  }
  const { body, faults } = compared
  if (values.json) printJson({ ...comparisonFields(body), faults })
  else print(...comparisonLines(body, faults))
  // Last: what was found is shown even where the disk is full.
  if (values.out !== undefined) {
    replaceFile(values.out, pageOf(body), 0o644)
    note('', ...wrap(`The report, with a picture: ${values.out}`))
  }
  if (values.state) {
    const member = await openMemberFolder(values.data)
    const said = await speak(member, await replayNewest(member), 'comparison', comparisonFields(body))
    note('', ...wrap(`Stated in the registry as entry ${said.index}: it convicts nobody.`))
  }
  return body.outcome === 'different' ? 1 : 0
}

/** What a token by token comparison needs besides. Throws `bad-request`. */
function readTokenOptions(
  { mismatches = '0.01', margin }: { mismatches?: string | undefined; margin?: string | undefined },
  copy: Named,
  { temperature }: ComparisonParameters,
): Pick<ReplayTokensOptions, 'honest' | 'margin'> {
  if (copy.kind !== 'file')
    throw new AnswerableError(
      'bad-request',
      '--tokens: expected B to be a GGUF file, the copy that you trust',
    )
  if (temperature !== 0)
    throw new AnswerableError('bad-request', '--tokens: greedy answers are compared, at --temperature 0')
  return {
    honest: numberOption(mismatches, '--mismatches', 0.000001, 0.9),
    ...(margin !== undefined && { margin: numberOption(margin, '--margin', 0, 100) }),
  }
}

function whole(text: string, option: string, least: number, most: number): number {
  const value = numberOption(text, option, least, most)
  if (!Number.isInteger(value)) throw new AnswerableError('bad-request', `${option}: expected a whole number`)
  return value
}

/** Before anyone is asked, since calls may cost money. Throws `not-writable`. */
function expectFolder(path: string): void {
  try {
    accessSync(dirname(resolve(path)), constants.W_OK)
  } catch (cause) {
    throw new AnswerableError('not-writable', `${path}: cannot be written (${codeOf(cause)})`, { cause })
  }
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
