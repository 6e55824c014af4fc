/** A report for people, within 80 columns. */
import type { DrillReport } from './drill.ts'

const WIDTH = 80
const LABEL = 12

export function formatReport(report: DrillReport): string {
  const { name, title, fault, injected, noticedBy, atOnce, consequence, payer, appeal, notShown } = report
  const { passed, missed, skipped, brokeOff, tookMs } = report
  if (skipped !== undefined)
    return `${[`SKIPPED  ${name}: ${title}`, '', ...entry('fault', [fault]), ...entry('needs', [skipped])].join('\n')}\n`
  const lines = [
    `${passed ? 'PASSED' : 'FAILED'}  ${name}: ${title} (${seconds(tookMs)})`,
    '',
    ...entry('fault', [fault]),
    ...entry('done', injected.length > 0 ? injected : ['nothing']),
    ...entry(
      'noticed by',
      noticedBy.length > 0
        ? noticedBy.map(({ who, evidence, afterMs }) => `${who}, after ${afterMs} ms: ${evidence}`)
        : ['nobody'],
    ),
    ...entry('at once', atOnce),
    ...entry('then', consequence),
    ...entry('who pays', [payer]),
    ...entry('appeal', [appeal]),
    ...entry('not shown', notShown),
    ...entry('MISSED', missed),
    ...entry('BROKE OFF', brokeOff === undefined ? [] : [brokeOff]),
  ]
  return `${lines.join('\n')}\n`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** A label, and its items beside it, each a paragraph with a mark where there are several. */
function entry(label: string, items: readonly string[]): string[] {
  const mark = items.length > 1 ? '- ' : ''
  const lines = items.flatMap(item =>
    wrap(item, WIDTH - 2 - LABEL - mark.length).map(
      (line, i) => (i === 0 ? mark : ' '.repeat(mark.length)) + line,
    ),
  )
  return lines.map((line, i) => `  ${(i === 0 ? label : '').padEnd(LABEL)}${line}`)
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).flatMap(one => cut(one, width))) {
    if (line === '') line = word
    else if (line.length + 1 + word.length <= width) line += ` ${word}`
    else {
      lines.push(line)
      line = word
    }
  }
  return line === '' ? lines : [...lines, line]
}

/** A path or digest that is too long for a line. */
function cut(word: string, width: number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < word.length; at += width) pieces.push(word.slice(at, at + width))
  return pieces
}
