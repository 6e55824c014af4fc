/** The course of an e-process against what it has to reach, as SVG: readable in light and dark, and by a screen reader. */
import type { ComparisonBody } from '@answerable/core/compare'
import { eWords } from '@answerable/core/compare'

const WIDTH = 720
const HEIGHT = 320
const LEFT = 64
const RIGHT = 24
const TOP = 28
const BOTTOM = 48

/** Colours are the page's: `--ink`, `--soft`, `--line`, `--course`, `--bar`, `--card`. */
export function pictureOf(body: ComparisonBody, unit: string): string {
  const { path, planned, level, seen, outcome } = body
  const threshold = -Math.log10(level)
  const logs = path.map(({ logE }) => logE)
  const low = Math.floor(Math.min(-1, ...logs))
  const high = Math.ceil(Math.max(threshold + 0.5, ...logs))
  const most = outcome === 'different' ? Math.max(seen, 1) : Math.max(seen, planned)
  const x = (at: number) => round(LEFT + ((WIDTH - LEFT - RIGHT) * at) / most)
  const y = (log: number) => round(TOP + ((HEIGHT - TOP - BOTTOM) * (high - log)) / (high - low))
  const line = path.map(({ at, logE }, i) => `${i === 0 ? 'M' : 'L'}${x(at)} ${y(logE)}`).join('')
  const crossing = path.find(({ logE }) => logE >= threshold - 1e-4)
  const ticks = stepsBetween(low, high)
  const counts = [
    ...new Set([0, Math.round(most / 4), Math.round(most / 2), Math.round((3 * most) / 4), most]),
  ]
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="picture-title picture-desc">
<title id="picture-title">The e-value, ${unit} by ${unit}</title>
<desc id="picture-desc">${descriptionOf(body, unit)}</desc>
${ticks.map(log => `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(log)}" y2="${y(log)}" class="${log === 0 ? 'zero' : 'grid'}"/><text x="${LEFT - 8}" y="${y(log) + 4}" text-anchor="end">${tick(log)}</text>`).join('\n')}
${counts.map(at => `<text x="${x(at)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${at}</text>`).join('\n')}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${unit}s seen</text>
<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(threshold)}" y2="${y(threshold)}" class="bar"/>
<text x="${LEFT + 8}" y="${y(threshold) - 7}" class="bar-label">told apart at level ${level}: e-value ${eWords(threshold)}</text>
<path d="${line}" class="course"/>
${crossing === undefined ? '' : `<circle cx="${x(crossing.at)}" cy="${y(crossing.logE)}" r="5" class="mark"/>`}
</svg>`
}

function descriptionOf({ path, seen, level, logE, peak, outcome }: ComparisonBody, unit: string): string {
  const reached =
    outcome === 'different'
      ? `It reached ${eWords(-Math.log10(level))} at ${unit} ${path.find(one => one.logE >= -Math.log10(level) - 1e-4)?.at ?? peak.at}.`
      : `It never reached ${eWords(-Math.log10(level))}.`
  return `Begins at 1. Highest ${eWords(peak.logE)}, at ${unit} ${peak.at}; ${eWords(logE)} after ${seen}. ${reached}`
}

/** Whole powers of ten, eight at most. */
function stepsBetween(low: number, high: number): number[] {
  const step = Math.max(1, Math.ceil((high - low) / 8))
  const out: number[] = []
  for (let log = Math.ceil(low / step) * step; log <= high; log += step) out.push(log)
  return out
}

function tick(log: number): string {
  if (log === 0) return '1'
  if (log > 0 && log < 5) return String(10 ** log)
  return log < 0 && log > -4 ? String(10 ** log) : `1e${log}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
