/** A size, index or time as its one decimal spelling, without leading zeroes; undefined for all else and over 2^53 - 1. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
