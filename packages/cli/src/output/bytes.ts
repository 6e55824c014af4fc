/** Amounts of bytes for people, and the progress of work on them. */
import { Progress } from './progress.ts'

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** `999 bytes`, `1.2 MB`. */
export function byteWords(bytes: number): string {
  let unit = 0
  let value = bytes
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/** Runs work that tells of bytes done, with a bar while it lasts. */
export async function withProgress<T>(
  work: (told: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let bar: Progress | undefined
  try {
    return await work((done, total) => {
      bar ??= new Progress(total / 1e6, 'MB')
      bar.update(done / 1e6)
    })
  } finally {
    bar?.end()
  }
}
