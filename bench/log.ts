/** The log by itself: digests a second, and what ten million of them cost at start. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { leafHash, parseTlogProof, verifyInclusion } from '@answerable/core/tlog'
import { Log, loadKey, nodeSuite, noteSigner } from '@answerable/node/log'
import { FileStorage, realDisk } from '@answerable/node/storage'
import { runPart } from './lib/process.ts'
import { atLeast, atMost, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const ROUNDS = 5
const DIGESTS = 100_000
/** Callers that each wait for their own commit: batches come as they do under load. */
const CALLERS = 1024
const MANY = 10_000_000

export const benchmark: Benchmark = {
  title: 'log',
  async run(say): Promise<Row[]> {
    const folder = mkdtempSync(join(tmpdir(), 'answerable-bench-'))
    try {
      const rates: number[] = []
      const proofs: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        say(`round ${round + 1} of ${ROUNDS}: ${DIGESTS} digests`)
        const { appended, proven } = await appendAndProve(join(folder, String(round)))
        rates.push(appended)
        proofs.push(proven)
      }
      say(`a log of ${MANY} digests (this takes some minutes)`)
      await runPart('many', ['fill', join(folder, 'many'), MANY])
      const opened: { milliseconds: number; residentMegabytes: number }[] = []
      for (let i = 0; i < 3; i++) opened.push(await runPart('many', ['open', join(folder, 'many'), MANY]))
      return [
        atLeast('digests appended, committed and provable, one thread', median(rates), '/s', 40_000),
        forTheRecord('proofs made of recent entries', median(proofs), '/s'),
        atMost('start-up on 10 million digests', median(opened.map(one => one.milliseconds)) / 1000, 's', 2),
        atMost('resident memory after it', median(opened.map(one => one.residentMegabytes)), 'MB', 300),
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function appendAndProve(folder: string): Promise<{ appended: number; proven: number }> {
  const storage = await FileStorage.open(realDisk, folder, { entryOf: nodeSuite.sha256 })
  const signer = noteSigner('bench.example/log', await loadKey(realDisk, join(folder, 'key.pem')))
  const log = await Log.open({ disk: realDisk, folder, storage, signer, suite: nodeSuite, entries: 'digest' })
  const none = new Uint8Array(0)
  let next = 0
  const start = performance.now()
  const caller = async () => {
    while (next < DIGESTS) {
      const statement = Buffer.from(`statement ${next++}`)
      await log.append({ statement, entry: nodeSuite.sha256(statement), content: none })
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  const appended = DIGESTS / ((performance.now() - start) / 1000)
  const began = performance.now()
  const PROOFS = 2000
  for (let i = 0; i < PROOFS; i++) {
    const { index, hashes } = parseTlogProof(await log.prove(log.signed.size - 1 - i))
    const [entry] = i % 500 === 0 ? await log.entries(index, 1) : []
    if (entry) {
      const { size, root } = log.signed
      verifyInclusion({ index, size, root, leafHash: leafHash(entry, nodeSuite), proof: hashes }, nodeSuite)
    }
  }
  const proven = PROOFS / ((performance.now() - began) / 1000)
  await log.close()
  return { appended, proven }
}
