/** Appraised evidence, for people at 80 columns and for programs. */
import { toHex } from '@answerable/core'
import {
  type Appraisal,
  CHECKS,
  type Check,
  DEVICE_FORMATS,
  type DocumentAppraisal,
  type EvidenceVerdict,
  type Format,
  type FoundEvidence,
} from '@answerable/core/evidence'
import { nodeSuite } from '@answerable/node/log'
import { fieldLines } from './fields.ts'
import { bad, bold, dim, good, shown } from './style.ts'
import { labelled, pad, plain, wrap } from './text.ts'
import { time as timeWords } from './time.ts'

export interface CheckedEvidence extends FoundEvidence {
  appraisal: Appraisal
}

export interface CheckedFile {
  file: string
  /** Where the file is a document of ours. */
  document?: DocumentAppraisal & { log: string }
  evidence: CheckedEvidence[]
}

export interface Overall {
  /** As of when, Unix milliseconds. */
  time: number
  /** Of which name. */
  policy: string
  verdict: Pick<EvidenceVerdict, 'met' | 'unmet'>
}

const NAME = 14
const RESULT = 13

/** What no check of a format can show, beside what holds for all. */
const NOT_SHOWN: Partial<Record<Format, string>> = {
  'azure-sev-snp':
    'what runs above Azure’s paravisor: that alone is measured here, and the rest in a vTPM whose quote this is not',
  'confidential-space': 'more than Google’s word for what its service saw of the machine',
  nras: 'more than NVIDIA’s word for what its service saw of the device',
  maa: 'more than Microsoft’s word for what its service saw of the machine',
}

export function evidenceLines(files: readonly CheckedFile[], overall: Overall): string[] {
  const lines: string[] = []
  for (const { file, document, evidence } of files) {
    for (const one of evidence) lines.push(...itemLines(one, file), '')
    if (document === undefined) continue
    lines.push(bold('Document'), ...labelled('in', shownFile(file)), ...labelled('log', plain(document.log)))
    lines.push('', ...checkLines(document.checks), '')
  }
  const { time, policy, verdict } = overall
  const name = policy === 'default' ? 'the default' : plain(policy)
  const verdictWords = `${verdict.met ? 'Policy met' : 'Policy not met'}: ${name}, as of ${timeWords(time)}.`
  return [
    ...lines,
    ...notShownLines(files),
    '',
    ...wrap(verdictWords).map(verdict.met ? good : bad),
    ...verdict.unmet.flatMap(words => wrap(`- ${plain(words)}`, 2)),
  ]
}

function itemLines({ format, wrapped, endorsements, appraisal }: CheckedEvidence, file: string): string[] {
  const { platform, measurements, facts, checks, window, reference, reportData, nonce, time } = appraisal
  const from = [shownFile(file), ...wrapped].join(', ')
  return [
    bold(plain(platform)),
    ...labelled('in', from),
    ...labelled('format', format),
    ...(endorsements.length > 0
      ? labelled('with', `${endorsements.length} certificates that came along`)
      : []),
    ...(time === undefined ? [] : labelled('made', `${timeWords(time)}, as it says`)),
    ...labelled('valid', windowWords(window)),
    ...(reference === undefined ? [] : labelled('image', `${plain(reference.image)} (${reference.role})`)),
    '',
    bold('Measurements'),
    ...fieldLines(measurements, 2),
    ...(reportData === undefined ? [] : fieldLines({ 'report data': toHex(reportData) }, 2)),
    ...(nonce === undefined ? [] : fieldLines({ nonce: toHex(nonce) }, 2)),
    '',
    ...(Object.keys(facts).length === 0 ? [] : [bold('What else it says'), ...fieldLines(facts, 2), '']),
    ...checkLines(checks),
  ]
}

/** In the order of the checks, each with its plain sentence. */
function checkLines(checks: readonly Check[]): string[] {
  const head = dim(`  ${'check'.padEnd(NAME)}${'result'.padEnd(RESULT)}reason`)
  const rows = inOrder(checks).flatMap(({ check, outcome, reason, detail }) => [
    `  ${pad(bold(check), NAME)}${pad(shown(outcome), RESULT)}${reason}`,
    ...wrap(plain(detail), 4),
  ])
  return [head, ...rows]
}

function inOrder(checks: readonly Check[]): Check[] {
  return CHECKS.flatMap(name => checks.filter(({ check }) => check === name))
}

function windowWords({ from, until }: Appraisal['window']): string {
  if (from > until) return 'at no time all together'
  if (from === Number.NEGATIVE_INFINITY && until === Number.POSITIVE_INFINITY)
    return 'nothing that was checked has a time'
  return `${from === Number.NEGATIVE_INFINITY ? '' : `from ${timeWords(from)} `}until ${
    until === Number.POSITIVE_INFINITY ? 'any time' : timeWords(until)
  }, all that was relied on`
}

function notShownLines(files: readonly CheckedFile[]): string[] {
  const formats = new Set(files.flatMap(({ evidence }) => evidence.map(({ format }) => format)))
  const own = [...formats].flatMap(format => NOT_SHOWN[format] ?? [])
  const devices = [...formats].some(format => DEVICE_FORMATS.includes(format))
  const whole = files.every(({ document }) => document !== undefined)
  const words = [
    'anything of any answer: only a receipt does, whose record is in a log that such evidence is bound to',
    'who put what was measured there, or what it does with its keys',
    ...(devices && !whole ? ['which machine a device is in'] : []),
    ...own,
  ]
  return words.flatMap(one => wrap(`Not shown: ${one}.`)).map(dim)
}

function shownFile(file: string): string {
  return file === '-' ? 'standard input' : plain(file)
}

/** The shape is stable: members are added, and none is renamed. */
export function evidenceJson(files: readonly CheckedFile[], { time, policy, verdict }: Overall): unknown {
  return {
    asOf: rfc3339(time),
    policy,
    verdict,
    files: files.map(({ file, document, evidence }) => ({
      file,
      ...(document && {
        document: {
          log: document.log,
          verdict: document.verdict,
          window: windowJson(document.window),
          checks: document.checks,
        },
      }),
      evidence: evidence.map(({ format, bytes, wrapped, endorsements, appraisal }) => ({
        format,
        platform: appraisal.platform,
        sha256: nodeSuite.sha256Hex(bytes),
        wrapped,
        certificates: endorsements.length,
        time: appraisal.time === undefined ? null : rfc3339(appraisal.time),
        window: windowJson(appraisal.window),
        measurements: appraisal.measurements,
        reportData: appraisal.reportData === undefined ? null : toHex(appraisal.reportData),
        nonce: appraisal.nonce === undefined ? null : toHex(appraisal.nonce),
        facts: appraisal.facts,
        checks: inOrder(appraisal.checks),
        reference: appraisal.reference ?? null,
        verdict: appraisal.verdict,
      })),
    })),
  }
}

function windowJson({ from, until }: Appraisal['window']): { from: string | null; until: string | null } {
  return { from: rfc3339(from), until: rfc3339(until) }
}

/** Null for a time without bound, or one that the calendar does not hold. */
function rfc3339(time: number): string | null {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
