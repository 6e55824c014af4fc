/** The evidence that a record names, for people: each part with its checks, and who says which image it is. */
import type { Check } from '@answerable/core/evidence'
import type { ApprovalSummary, EvidencePart, EvidenceSummary } from '@answerable/core/receipt'
import { dim, shown } from './style.ts'
import { labelled, pad, plain, wrap } from './text.ts'
import { time } from './time.ts'

const CHECK = 14
const OUTCOME = 13

export function evidenceLines({
  digest,
  asOf,
  parts,
  checks,
  approvals,
  dissent,
  stated,
}: EvidenceSummary): string[] {
  return [
    ...labelled('document', digest),
    ...labelled('as of', asOf.map(time).join(' and ')),
    ...(stated === undefined ? [] : labelled('stated', `in the registry at ${time(stated.time)}`)),
    ...parts.flatMap(partLines),
    ...(checks.length === 0 ? [] : ['', '  as a whole', ...checks.flatMap(checkLines)]),
    ...approvals.flatMap(approvalLines),
    ...dissent.flatMap(({ id, name, reasons }) =>
      labelled('contested', `${plain(name)} (${id}) finds otherwise: ${reasons.map(plain).join(', ')}`),
    ),
  ]
}

function partLines({ what, platform, format, measurements, checks, window, error }: EvidencePart): string[] {
  // Registers that nothing went into say nothing.
  const values = Object.entries(measurements).filter(([, value]) => !/^0*$/.test(value))
  return [
    '',
    ...labelled(what, platform === undefined ? format : `${plain(platform)} (${format})`),
    ...(error === undefined ? [] : labelled('', `cannot be read: ${plain(error.detail)} (${error.code})`)),
    ...measurementLines(values),
    ...(window === undefined ? [] : labelled('holds', windowWords(window))),
    ...checks.flatMap(checkLines),
  ]
}

function measurementLines(values: [string, string][]): string[] {
  const lines = values.flatMap(([name, value]) => {
    const text = plain(value)
    return name.length + text.length < 70 ? [`    ${name} ${text}`] : [`    ${name}`, `      ${text}`]
  })
  return lines.length === 0 ? [] : ['  measurements', ...lines]
}

/** One check on a line, with its sentence below where it did not pass. */
export function checkLines({ check, outcome, reason, detail }: Check): string[] {
  const row = `  ${pad(check, CHECK)}${pad(shown(outcome), OUTCOME)}${reason}`
  return outcome === 'pass' ? [row] : [row, ...wrap(plain(detail), 4).map(dim)]
}

function windowWords({ from, until }: NonNullable<EvidencePart['window']>): string {
  return `from ${from === null ? 'any time' : time(from)} to ${until === null ? 'any time' : time(until)}`
}

function approvalLines({
  image,
  role,
  by,
  since,
  revoked,
  weights,
  source,
  reproducible,
  provenance,
}: ApprovalSummary) {
  const who = by === undefined ? 'your own policy' : `${plain(by.name)} (${by.id})`
  const when = since === undefined ? '' : ` since ${time(since.time)}`
  const gone =
    revoked === undefined
      ? ''
      : `; revoked as of ${time(revoked.since)} by ${revoked.quorum ? 'a quorum of validators' : 'its author'}: ${plain(revoked.reason)}`
  return [
    '',
    ...labelled('image', `${plain(image)}, a ${role}: the word of ${who}${when}${gone}`),
    ...(weights === undefined ? [] : labelled('weights', weights)),
    ...(source === undefined
      ? []
      : labelled('source', `${plain(source)}${reproducible ? ', said to build the same again' : ''}`)),
    ...(provenance === undefined ? [] : checkLines(provenance)),
  ]
}
