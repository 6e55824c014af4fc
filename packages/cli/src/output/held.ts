/** Records on hold, for people: by index in their log, both ends meant. */
interface Range {
  first: number
  end: number
}

export function recordWords({ first, end }: Range): string {
  const records = end - first
  return records === 1 ? `record ${first}` : `records ${first} to ${end - 1} (${records} in all)`
}
