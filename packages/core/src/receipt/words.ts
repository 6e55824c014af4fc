/**
 * Words for sentences about a receipt. What somebody else wrote stands in quotation marks, on one line and short, so
 * that it can neither pass for a finding of ours nor reach a terminal as a command.
 */

const MOST_QUOTED = 120
const MOST_DETAIL = 400

/** Controls, invisible format characters (which can reorder a line), and every space and line break. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu
/** What looks like a double quotation mark would end the quotation for a person. */
const QUOTES = /["\u201c-\u201f\u2033\u2036\u00ab\u00bb\u301d-\u301f\uff02]/g

/** A text out of a receipt as a quotation; undefined for what is not text, or shows nothing. */
export function quoted(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const line = oneLine(value, MOST_QUOTED).replace(QUOTES, "'")
  return line === '' ? undefined : `"${line}"`
}

/** What was wrong, in words that may repeat parts of the input. */
export function detailOf(text: string): string {
  return oneLine(text, MOST_DETAIL)
}

function oneLine(text: string, most: number): string {
  // Cut before and after: a long text is not worked on for the few characters that are shown of it.
  const line = text
    .slice(0, most * 4)
    .toWellFormed()
    .replace(UNSHOWN, ' ')
    .trim()
  if (line.length <= most && text.length <= most * 4) return line
  return `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
