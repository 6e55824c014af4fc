/** Text for a terminal of 80 columns: measured, wrapped, and free of what could steer the terminal. */

import { UNBREAKABLE } from '../program.ts'

export const WIDTH = 80

/** Text from elsewhere on one line, without control, format and bidirectional characters. */
export function plain(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** The same, with its line ends and indents kept. */
export function plainLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(/(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u{3000}-\u{303f}\u{ff01}-\u{ff60}]/u
const NONE = /\p{M}/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes that colours are made of
const STYLE = /\u{1b}\[[0-9;]*m/gu

/** How many columns a text takes. */
export function columns(text: string): number {
  let count = 0
  for (const unit of text.replace(STYLE, '')) count += WIDE.test(unit) ? 2 : NONE.test(unit) ? 0 : 1
  return count
}

/** Pads with spaces to a number of columns; longer text stays as it is. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)))
}

/** URLs and digests are copied whole, so they are not broken even where they are too long. */
const UNBROKEN = /:\/\/|[0-9a-f]{32}|[A-Za-z0-9+/=_-]{43}/

/** Lines of at most `width` columns, each behind `indent` spaces. */
export function wrap(text: string, indent = 0, width: number = WIDTH): string[] {
  const room = width - indent
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').flatMap(item => pieces(item, room))) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || columns(longer) <= room) line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  if (line !== '') lines.push(line)
  return lines.map(item => ' '.repeat(indent) + item.replaceAll(UNBREAKABLE, ' '))
}

function pieces(word: string, room: number): string[] {
  if (columns(word) <= room || UNBROKEN.test(word)) return [word]
  const out: string[] = []
  let piece = ''
  for (const unit of word) {
    if (columns(piece + unit) > room) {
      out.push(piece)
      piece = ''
    }
    piece += unit
  }
  return [...out, piece]
}

/** A name and what it is, wrapped beside it. */
export function labelled(label: string, text: string, at = 15): string[] {
  const [first = '', ...rest] = wrap(text, at)
  return [`  ${label}`.padEnd(at) + first.trimStart(), ...rest]
}

/** `1 witness`, `3 witnesses`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
