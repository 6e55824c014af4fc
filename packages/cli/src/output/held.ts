/** Records on hold, for people: by index in their log, both ends meant. */
import { count } from './text.ts'

interface Range {
  first: number
  end: number
}

export function recordWords({ first, end }: Range): string {
  return end - first === 1
    ? `record ${first}`
    : `records ${first} to ${end - 1} (${count(end - first, 'record')})`
}
