/** A comparison for people. */
import { type ComparisonBody, comparisonWords, eWords, type Point, sideWords } from '@answerable/core/compare'
import { factsOf, unitOf } from '../compare/words.ts'
import { bold, dim, warn } from './style.ts'
import { table } from './table.ts'
import { labelled, plain, wrap } from './text.ts'

const COLUMNS = 48
const ROWS = 6

export function comparisonLines(body: ComparisonBody, faults: { a?: string; b?: string }): string[] {
  const { found, error, notShown } = comparisonWords(body)
  const told = body.outcome === 'different'
  return [
    told ? warn('Told apart') : bold('Not told apart'),
    ...wrap(`${found} ${error}`, 2),
    '',
    ...labelled('A', plain(sideWords(body.a))),
    ...labelled('B', plain(sideWords(body.b))),
    ...factsOf(body).flatMap(([name, value]) => labelled(name, plain(value))),
    ...Object.entries(faults).flatMap(([side, message]) =>
      labelled(`last fault`, `of ${side.toUpperCase()}: ${plain(message)}`),
    ),
    ...labelled('course', `${sparkline(body)}  (the top is what the level asks for, or more)`),
    '',
    ...table(
      [`${unitOf(body)}s`, 'e-value', 'log10'],
      rowsOf(body.path).map(({ at, logE }) => [String(at), eWords(logE), logE.toFixed(2)]),
    ),
    '',
    dim('Not shown:'),
    ...notShown.flatMap(item => {
      const [first = '', ...rest] = wrap(item, 4)
      return [`  - ${first.trimStart()}`, ...rest].map(dim)
    }),
  ]
}

const BARS = '▁▂▃▄▅▆▇█'

/** The path in a row of bars, from the lowest of it to what the level asks for. */
export function sparkline({ path, seen, level }: ComparisonBody): string {
  const width = Math.min(COLUMNS, Math.max(1, path.length))
  const low = Math.min(0, ...path.map(({ logE }) => logE))
  const high = -Math.log10(level)
  let out = ''
  for (let i = 0; i < width; i++) {
    const at = (seen * (i + 1)) / width
    const { logE } = path.findLast(point => point.at <= at)!
    const share = Math.min(1, (logE - low) / (high - low))
    out += BARS[Math.min(BARS.length - 1, Math.floor(share * BARS.length))]
  }
  return out
}

function rowsOf(path: readonly Point[]): Point[] {
  const step = Math.max(1, Math.ceil(path.length / ROWS))
  return path.filter((_, i) => i % step === 0 || i === path.length - 1)
}
