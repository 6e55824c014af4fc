/**
 * What a comparison found, as the body of a statement: what was compared, by which statistic at which level, what came
 * of it. It holds digests and counts, and nothing that was asked or answered. Its basis is `statistics`: it can be the
 * reason for a re-run or a dispute, and convicts nobody.
 */
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { STATEMENT_TYPE } from '../statement/intoto.ts'
import { EQUALITY_STATISTIC, MOST_PAIRS } from './equality.ts'
import { checkLevel, type Path, type Point } from './path.ts'
import { MOST_TOKENS, TOKEN_MATCH_STATISTIC } from './token-match.ts'

export const COMPARISON_TYPE = 'https://answerable.dev/comparison/v1'
export const MOST_COMPARISON_BYTES = 8192
const MOST_POINTS = 64

export type ComparedSide =
  /** An endpoint that was called, without query, user or key, and the model's name that was asked for. */
  | { kind: 'endpoint'; url: string; model: string }
  /** The same, found by the name of a node in a network's registry. */
  | { kind: 'node'; node: string; url: string; model: string }
  /** A file that was run here, by its digest. */
  | { kind: 'file'; sha256: string; runtime: string }

export interface ComparisonParameters {
  temperature: number
  topP: number
  maxTokens: number
  /** `chat`: a prompt is a user's message. `completion`: it is what the text goes on from. */
  api: 'chat' | 'completion'
}

export type ComparisonEnd =
  /** The e-value reached what the level asks for. */
  | 'level'
  /** As many samples as were planned. */
  | 'samples'
  /** Somebody ended it before. */
  | 'stopped'
  /** A side no longer answered. */
  | 'failures'

export interface ComparisonBody {
  statistic: string
  a: ComparedSide
  b: ComparedSide
  prompts: { count: number; sha256: string }
  parameters: ComparisonParameters
  level: number
  /** Of a token match: the share of mismatches that an honest operator may have. */
  honest?: number
  /** Of a token match: how far off the copy's scores a token may be and still match, in nats. */
  margin?: number
  /** Pairs of completions, or tokens. */
  planned: number
  seen: number
  /** Of a token match: how many of the tokens seen. */
  matches?: number
  /** Calls that gave no answer to compare. */
  failed: { a: number; b: number }
  /** log10 of the e-value at the end, and at its highest. */
  logE: number
  peak: Point
  path: Point[]
  outcome: 'different' | 'not-shown'
  ended: ComparisonEnd
  /** SHA-256 of the transcript, a random line first so that nothing can be guessed from it. */
  transcript: string
  /** Unix milliseconds. */
  from: number
  to: number
}

/** All but what follows from the path. */
export type ComparisonFacts = Omit<ComparisonBody, 'level' | 'seen' | 'logE' | 'peak' | 'path' | 'outcome'>

/** A body that `parseComparison` reads. Throws `bad-statement` where the facts are out of bounds. */
export function comparisonBody(facts: ComparisonFacts, level: number, path: Path): ComparisonBody {
  const body: ComparisonBody = {
    ...facts,
    level,
    seen: path.last.at,
    logE: rounded(path.last.logE),
    peak: { at: path.peak.at, logE: rounded(path.peak.logE) },
    path: path.thinned(MOST_POINTS).map(({ at, logE }) => ({ at, logE: rounded(logE) })),
    outcome: path.crossing === undefined ? 'not-shown' : 'different',
  }
  return parseComparison(comparisonFields(body))
}

/** The body as JSON: times as text, points as pairs. */
export function comparisonFields(body: ComparisonBody): JsonObject {
  const { peak, path, from, to, ...rest } = body
  return {
    ...(rest as unknown as JsonObject),
    peak: [peak.at, peak.logE],
    path: path.map(({ at, logE }) => [at, logE]),
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
  }
}

/** An in-toto statement of it, unsigned, about the transcript and the prompts. */
export function formatComparison(body: ComparisonBody): string {
  return JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: [
      { name: 'transcript', digest: { sha256: body.transcript } },
      { name: 'prompts', digest: { sha256: body.prompts.sha256 } },
    ],
    predicateType: COMPARISON_TYPE,
    predicate: comparisonFields(body),
  })
}

const shape = new Shape('bad-statement')
const ENDS = ['level', 'samples', 'stopped', 'failures'] as const
/** Rounding to four decimals may take the highest point a little below what it has to reach. */
const ROUNDING = 1e-4

/** Reads a body. Throws `bad-statement`, also where its outcome is not what its own figures say. */
export function parseComparison(fields: JsonObject): ComparisonBody {
  if (utf8(JSON.stringify(fields)).length > MOST_COMPARISON_BYTES)
    shape.fail('comparison', `at most ${MOST_COMPARISON_BYTES} bytes`)
  const statistic = shape.literal(fields.statistic, 'statistic', [EQUALITY_STATISTIC, TOKEN_MATCH_STATISTIC])
  const byToken = statistic === TOKEN_MATCH_STATISTIC
  const prompts = shape.object(fields.prompts, 'prompts')
  const failed = shape.object(fields.failed, 'failed')
  const body: ComparisonBody = {
    statistic,
    a: side(fields.a, 'a'),
    b: side(fields.b, 'b'),
    prompts: {
      count: shape.count(prompts.count, 'prompts.count'),
      sha256: shape.digest(prompts.sha256, 'prompts.sha256'),
    },
    parameters: parameters(fields.parameters),
    level: level(fields.level),
    ...(byToken && {
      honest: within(fields.honest, 'honest', 0, 1),
      margin: within(fields.margin, 'margin', 0, MOST_MARGIN),
    }),
    planned: atMost(fields.planned, 'planned', byToken ? MOST_TOKENS : MOST_PAIRS),
    seen: atMost(fields.seen, 'seen', byToken ? MOST_TOKENS : MOST_PAIRS),
    ...(byToken && { matches: shape.count(fields.matches, 'matches') }),
    failed: { a: shape.count(failed.a, 'failed.a'), b: shape.count(failed.b, 'failed.b') },
    logE: logE(fields.logE, 'logE'),
    peak: point(fields.peak, 'peak'),
    path: shape.array(fields.path, 'path', MOST_POINTS).map((item, i) => point(item, `path[${i}]`)),
    outcome: shape.literal(fields.outcome, 'outcome', ['different', 'not-shown']),
    ended: shape.literal(fields.ended, 'ended', ENDS),
    transcript: shape.digest(fields.transcript, 'transcript'),
    from: shape.time(fields.from, 'from'),
    to: shape.time(fields.to, 'to'),
  }
  checkAgreement(body)
  return body
}

function checkAgreement({
  path,
  peak,
  level,
  outcome,
  seen,
  matches,
  logE,
  ended,
  from,
  to,
}: ComparisonBody): void {
  const threshold = -Math.log10(level)
  if (path.length === 0 || path[0]!.at !== 0 || path[0]!.logE !== 0) shape.fail('path', 'a start of [0, 0]')
  for (let i = 1; i < path.length; i++)
    if (path[i]!.at <= path[i - 1]!.at) shape.fail(`path[${i}]`, 'points in order')
  const last = path.at(-1)!
  if (last.at !== seen || last.logE !== logE) shape.fail('path', 'an end that is what was seen')
  if (!path.some(one => one.at === peak.at && one.logE === peak.logE))
    shape.fail('peak', 'a point of the path')
  if (path.some(one => one.logE > peak.logE)) shape.fail('peak', 'the highest point of the path')
  if ((matches ?? 0) > seen) shape.fail('matches', 'at most what was seen')
  if (outcome === 'different' ? peak.logE < threshold - ROUNDING : peak.logE > threshold + ROUNDING)
    shape.fail('outcome', 'what the highest point says')
  if (ended === 'level' && outcome !== 'different') shape.fail('ended', 'an end that fits the outcome')
  if (to < from) shape.fail('to', 'a time after from')
}

function side(value: unknown, where: string): ComparedSide {
  const fields = shape.object(value, where)
  const kind = shape.literal(fields.kind, `${where}.kind`, ['endpoint', 'node', 'file'])
  if (kind === 'file')
    return {
      kind,
      sha256: shape.digest(fields.sha256, `${where}.sha256`),
      runtime: shape.string(fields.runtime, `${where}.runtime`, 256, LINE, 'one line of text'),
    }
  const called = {
    url: shape.string(fields.url, `${where}.url`, 512, /^https?:\/\/[!-~]+$/, 'an http or https URL'),
    model: shape.string(fields.model, `${where}.model`, 256, LINE, 'one line of text'),
  }
  if (/[?#@]/.test(called.url)) shape.fail(`${where}.url`, 'no query, fragment or user')
  if (kind === 'endpoint') return { kind, ...called }
  return { kind, node: shape.string(fields.node, `${where}.node`, 129, NODE, 'member/node'), ...called }
}

function parameters(value: unknown): ComparisonParameters {
  const fields = shape.object(value, 'parameters')
  return {
    temperature: within(fields.temperature, 'parameters.temperature', 0, 2),
    topP: within(fields.topP, 'parameters.topP', 0, 1),
    maxTokens: atMost(fields.maxTokens, 'parameters.maxTokens', 4096),
    api: shape.literal(fields.api, 'parameters.api', ['chat', 'completion']),
  }
}

function level(value: unknown): number {
  try {
    return checkLevel(value as number)
  } catch (cause) {
    throw new AnswerableError('bad-statement', (cause as Error).message, { cause })
  }
}

function point(value: unknown, where: string): Point {
  const [at, log] = shape.array(value, where, 2)
  return { at: atMost(at, where, MOST_TOKENS), logE: logE(log, where) }
}

function logE(value: unknown, where: string): number {
  return within(value, where, -LARGEST, LARGEST)
}

function atMost(value: unknown, where: string, most: number): number {
  const number = shape.count(value, where)
  if (number > most) shape.fail(where, `at most ${most}`)
  return number
}

function within(value: unknown, where: string, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most))
    shape.fail(where, `a number from ${least} to ${most}`)
  return value as number
}

const MOST_MARGIN = 100
/** Beyond what 20,000 pairs of factor two, or ten million tokens against q = 1e-6, can give. */
const LARGEST = 1e8
const LINE = /^(?!\p{Z})[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+(?<!\p{Z})$/u
const NODE = /^[a-z0-9][a-z0-9.-]{0,63}\/[a-z0-9][a-z0-9.-]{0,63}$/

function rounded(value: number): number {
  // Not -0, which JSON would not give back.
  return Math.round(value * 1e4) / 1e4 || 0
}
