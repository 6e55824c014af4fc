/** Times for people: to the second, in UTC, and said so. */

/** From Unix milliseconds: `2026-01-31 12:00:00 UTC`. */
export function time(milliseconds: number): string {
  const date = new Date(milliseconds)
  // A witness may state any second up to 2^53, of which the calendar holds only some.
  if (Number.isNaN(date.getTime())) return `${milliseconds / 1000} s after 1970`
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** From POSIX seconds, as witnesses state them; 0 states none. */
export function seconds(value: number): string {
  return value === 0 ? 'at a time it does not state' : time(value * 1000)
}

/** A duration for a progress line: `7 s`, `3 min`, `2 h`. */
export function duration(value: number): string {
  if (value < 90) return `${Math.ceil(value)} s`
  return value < 5400 ? `${Math.round(value / 60)} min` : `${Math.round(value / 3600)} h`
}
