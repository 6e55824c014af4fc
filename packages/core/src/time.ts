/** Times as they are shown. */

/** How far from 1970 a Date goes, in milliseconds. */
const LAST = 8.64e15

/** Unix milliseconds in RFC 3339, without a fraction that is zero. What a document states may lie outside every calendar. */
export function shownTime(time: number): string {
  return Math.abs(time) <= LAST ? new Date(time).toISOString().replace('.000Z', 'Z') : `${time} ms`
}
