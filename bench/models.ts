/** How fast model files are hashed: against sha256sum on the same file, in turns. */
import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestFile } from '@answerable/node/model-store'
import { atLeast, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const MEGABYTES = 256
const ROUNDS = 7

export const benchmark: Benchmark = {
  title: 'models',
  async run(say): Promise<Row[]> {
    const folder = mkdtempSync(join(tmpdir(), 'answerable-bench-'))
    try {
      const file = join(folder, 'model.bin')
      fill(file)
      const sum = () => execFileSync('sha256sum', [file]).toString().slice(0, 64)
      // Once each, so that both find the file in memory.
      if (sum() !== (await digestFile(file)).sha256) throw new Error('the two digests differ')
      const theirs: number[] = []
      const ours: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        say(`round ${round + 1} of ${ROUNDS}`)
        const mine = async () => void ours.push(await rate(() => digestFile(file)))
        const other = async () => void theirs.push(await rate(sum))
        for (const turn of round % 2 === 0 ? [mine, other] : [other, mine]) await turn()
      }
      return [
        forTheRecord(`sha256sum, a file of ${MEGABYTES} MB`, median(theirs), 'MB/s'),
        forTheRecord('model file hashed, the same file', median(ours), 'MB/s'),
        atLeast('model file hashed ÷ sha256sum', median(ours.map((value, i) => value / theirs[i]!)), '', 0.8),
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** In megabytes a second. */
async function rate(work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return MEGABYTES / ((performance.now() - start) / 1000)
}

function fill(path: string): void {
  const fd = openSync(path, 'w')
  const bytes = Buffer.allocUnsafe(1_000_000)
  for (let i = 0; i < MEGABYTES; i++) writeSync(fd, randomFillSync(bytes))
  closeSync(fd)
}
