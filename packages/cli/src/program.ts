/** How this program is called where it was started: by npm in a clone, by name where it is installed. */
export function program(): string {
  const inClone = import.meta.url.endsWith('.ts') && process.env.npm_lifecycle_event !== undefined
  return inClone ? 'npm run -s answerable --' : 'answerable'
}

/** A command to copy, which `wrap` leaves on one line. */
export function asTyped(words: string): string {
  return `${program()} ${words}`.replaceAll(' ', UNBREAKABLE)
}

/** Holds a line together until it is printed. */
export const UNBREAKABLE = '\u{a0}'
