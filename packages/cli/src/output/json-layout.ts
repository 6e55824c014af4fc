/**
 * A JSON text set out in lines. It works on the text, not on its values: a number keeps every digit that was recorded,
 * and what is short stands on one line.
 */
import { columns } from './text.ts'

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g
/** Leaves room for the indent of what it is part of, and a comma. */
const MOST = 76

/** Of valid JSON, whose depth the caller has bounded. */
export function layOut(text: string): string {
  return new Layout(text.match(TOKEN) ?? []).value(0, 0)
}

class Layout {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  /** `used`: the columns before it on its line. */
  value(indent: number, used: number): string {
    const open = this.#next()
    if (open !== '{' && open !== '[') return open
    const close = open === '{' ? '}' : ']'
    const items: string[] = []
    while (this.#tokens[this.#at] !== close) {
      items.push(open === '{' ? this.#member(indent + 2) : this.value(indent + 2, indent + 2))
      if (this.#tokens[this.#at] === ',') this.#at++
    }
    this.#at++
    return arrange(open, items, close, indent, used)
  }

  #member(indent: number): string {
    const name = this.#next()
    this.#at++
    return `${name}: ${this.value(indent, indent + columns(name) + 2)}`
  }

  #next(): string {
    return this.#tokens[this.#at++]!
  }
}

function arrange(
  open: string,
  items: readonly string[],
  close: string,
  indent: number,
  used: number,
): string {
  const space = open === '{' && items.length > 0 ? ' ' : ''
  const inline = `${open}${space}${items.join(', ')}${space}${close}`
  if (!inline.includes('\n') && inline.length <= MOST && columns(inline) + used <= MOST) return inline
  const pad = ' '.repeat(indent + 2)
  return `${open}\n${items.map(item => pad + item).join(',\n')}\n${' '.repeat(indent)}${close}`
}
