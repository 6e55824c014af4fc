/** What a benchmark gives: rows in one form, for people and for programs. */
import { cpus, totalmem } from 'node:os'

export interface Row {
  metric: string
  value: number
  unit: string
  /** What it must reach, as text; absent where the row is for the record alone. */
  target?: string
  pass?: boolean
}

export interface Benchmark {
  title: string
  run(say: (line: string) => void): Promise<Row[]>
}

export function atLeast(metric: string, value: number, unit: string, target: number): Row {
  return { metric, value, unit, target: `≥ ${target}`, pass: value >= target }
}

export function atMost(metric: string, value: number, unit: string, target: number): Row {
  return { metric, value, unit, target: `≤ ${round(target)}`, pass: value <= target }
}

export function forTheRecord(metric: string, value: number, unit: string): Row {
  return { metric, value, unit }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function round(value: number): string {
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(3)
}

export function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`
}

export function table(rows: readonly Row[]): string {
  const cells = rows.map(row => [
    row.metric,
    `${round(row.value)} ${row.unit}`,
    row.target ?? '',
    row.pass === undefined ? '' : row.pass ? 'yes' : 'NO',
  ])
  const all = [['metric', 'value', 'target', 'reached'], ...cells]
  const widths = [0, 1, 2, 3].map(i => Math.max(...all.map(line => line[i]!.length)))
  return all
    .map(line =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
