/** A progress bar on standard error, where that is a terminal: how far, how fast, how long to go. */
import { style } from './style.ts'
import { duration } from './time.ts'

const WIDTH = 24
const EVERY_MS = 100

export class Progress {
  readonly #total: number
  readonly #unit: string
  readonly #stream: NodeJS.WriteStream
  readonly #started = performance.now()
  #drawn = 0

  constructor(total: number, unit: string, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total
    this.#unit = unit
    this.#stream = stream
  }

  /** `more` is said behind the bar. */
  update(done: number, more = ''): void {
    const now = performance.now()
    if (!this.#stream.isTTY || now - this.#drawn < EVERY_MS) return
    this.#drawn = now
    const line = progressLine(done, this.#total, this.#unit, (now - this.#started) / 1000)
    this.#stream.write(`\r${line}${more && `, ${more}`}\x1b[K`)
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#stream.isTTY && this.#drawn > 0) this.#stream.write('\r\x1b[K')
  }
}

export function progressLine(done: number, total: number, unit: string, elapsed: number): string {
  const share = total === 0 ? 1 : done / total
  const full = Math.round(share * WIDTH)
  const bar = style('green', '#'.repeat(full), process.stderr) + '-'.repeat(WIDTH - full)
  const rate = elapsed > 0 ? done / elapsed : 0
  const left = rate > 0 ? `, ${duration((total - done) / rate)} left` : ''
  return `  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${short(rate)} ${unit}/s${left}`
}

function short(rate: number): string {
  return rate >= 10_000 ? `${Math.round(rate / 1000)}k` : String(Math.round(rate))
}
