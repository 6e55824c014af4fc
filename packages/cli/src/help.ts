/** Help, for all commands and for each. */
import { readFileSync } from 'node:fs'
import type { Command } from './command.ts'
import { bold, dim } from './output/style.ts'
import { wrap } from './output/text.ts'
import { asTyped, UNBREAKABLE } from './program.ts'

/** From the package itself, so that asking for it loads nothing else. */
export function versionLine(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return `answerable ${version}`
}

/** Every command with its one line; with `group`, those that begin with that word. */
export function listLines(commands: readonly Command[], group?: string): string[] {
  const listed = group === undefined ? commands : commands.filter(({ name }) => name.startsWith(`${group} `))
  return [
    ...(group === undefined ? [bold('Verifiable AI that answers for itself'), ''] : []),
    `Usage: answerable ${group ?? 'COMMAND'} ${group === undefined ? '[...]' : 'COMMAND [...]'}`,
    '',
    ...listed.map(
      ({ name, summary }) => `  ${`${name} `.padEnd(16)}${name.length > 15 ? ' ' : ''}${summary}`,
    ),
    '',
    ...wrap(`${asTyped('COMMAND --help')} says more of one. Exit status 2: unusable input.`).map(dim),
    ...(group === undefined
      ? [dim('ANSWERABLE_HOME: where you keep whom you trust. NO_COLOR: no colours.')]
      : []),
  ]
}

export function commandLines({ name, summary, usage }: Command): string[] {
  const [head = '', ...rest] = usage.split('\n')
  return [
    `${name}: ${summary}`,
    '',
    ...wrap(`Usage: answerable ${name} ${head.replace(/\[[^\]]*\]/g, together)}`).map((line, i) =>
      bold(i === 0 ? line : `  ${line}`),
    ),
    ...rest,
  ]
}

/** An option and what it takes stay on one line. */
function together(option: string): string {
  return option.replaceAll(' ', UNBREAKABLE)
}

/** The command whose name is nearest to a mistyped one, if any is near. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1
  for (const name of names) {
    const distance = editDistance(typed, name)
    if (distance < least) {
      least = distance
      best = name
    }
  }
  return best
}

/** Levenshtein's distance, a row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
