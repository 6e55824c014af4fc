/** Periods on the command line: `0s`, `90s`, `15m`, `24h`, `7d`. */
import { AnswerableError } from '@answerable/core'

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** In seconds. Throws `bad-request`. */
export function seconds(text: string, option: string): number {
  const [, number, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (number === undefined)
    throw new AnswerableError('bad-request', `${option}: expected a period like 60s, 15m, 24h or 7d`)
  return Number(number) * UNITS[unit as keyof typeof UNITS]
}
