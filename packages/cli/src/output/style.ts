/** Colour, where the stream shows colours: not in files and pipes, and not with NO_COLOR. */
import { styleText } from 'node:util'
import type { Result } from '@answerable/core/receipt'

type Format = Parameters<typeof styleText>[0]

export function style(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(format, text, { stream })
}

export const dim = (text: string): string => style('dim', text)
export const bold = (text: string): string => style('bold', text)
export const good = (text: string): string => style('green', text)
export const bad = (text: string): string => style(['red', 'bold'], text)
export const warn = (text: string): string => style('yellow', text)

/** How a claim's outcome is shown. A pass on somebody's word alone is `said`: never the green of one that was checked. */
export type Shown = Result | 'said'

export function shown(outcome: Shown): string {
  if (outcome === 'pass') return good('pass')
  if (outcome === 'said') return warn('said')
  if (outcome === 'fail') return bad('FAIL')
  return dim('not checked')
}

/** Writes lines to standard output. */
export function print(...lines: string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}

/** Writes lines to standard error: what is said about the work, rather than its result. */
export function note(...lines: string[]): void {
  process.stderr.write(lines.map(line => `${line}\n`).join(''))
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
