/** A table within 80 columns. Where it is too wide, the widest column gives way; JSON has all of it. */
import { dim } from './style.ts'
import { columns, pad, plain, WIDTH } from './text.ts'

const GAP = 2
const INDENT = 2
const LEAST = 8

/** Cells are shown on one line, free of control characters. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map(row => row.map(cell => plain(cell)))
  const widths = head.map((name, i) => Math.max(columns(name), ...cells.map(row => columns(row[i] ?? ''))))
  const room = WIDTH - INDENT - GAP * (head.length - 1)
  while (widths.reduce((sum, width) => sum + width, 0) > room) {
    const widest = widths.indexOf(Math.max(...widths))
    if (widths[widest]! <= LEAST) break
    widths[widest]!--
  }
  const line = (row: readonly string[]) =>
    (
      ' '.repeat(INDENT) + row.map((cell, i) => pad(cut(cell, widths[i]!), widths[i]!)).join(' '.repeat(GAP))
    ).trimEnd()
  return [dim(line(head)), ...cells.map(line)]
}

function cut(text: string, width: number): string {
  if (columns(text) <= width) return text
  let out = ''
  for (const unit of text) {
    if (columns(`${out}${unit}…`) > width) break
    out += unit
  }
  return `${out}…`
}
