/** How fast receipts are checked: cold, against its bare signature checks; and in bulk under one checkpoint. */
import { formatReceipt, parseReceipt, Verifier } from '@answerable/core/receipt'
import { nodeSuite } from '@answerable/node/log'
import { makeReceipts } from './lib/receipts.ts'
import { atLeast, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const ENTRIES = 1 << 20
const RECEIPTS = 20_000
const ROUNDS = 7

function rate(count: number, run: () => void): number {
  const start = performance.now()
  run()
  return count / ((performance.now() - start) / 1000)
}

export const benchmark: Benchmark = {
  title: 'verify',
  async run(say): Promise<Row[]> {
    say(`making ${RECEIPTS} receipts under one checkpoint of a log of ${ENTRIES} entries`)
    const { receipts, policy, signatures } = makeReceipts(ENTRIES, RECEIPTS)
    const trust = { networks: [{ name: 'bench', policy }] }
    const passes = (result: ReturnType<Verifier['verify']>) => {
      if (!result.verdict.met) throw new Error(JSON.stringify(result.claims.recorded))
    }
    const cold: number[] = []
    const bare: number[] = []
    const bulk: number[] = []
    const bytesBulk: number[] = []
    const texts = receipts.slice(0, 5000).map(receipt => Buffer.from(formatReceipt(receipt)))
    for (let round = 0; round < ROUNDS; round++) {
      say(`round ${round + 1} of ${ROUNDS}`)
      const few = receipts.slice(round * 500, round * 500 + 500)
      bare.push(
        rate(few.length, () => {
          for (let i = 0; i < few.length; i++) {
            for (const { key, message, signature } of signatures)
              nodeSuite.verifyEd25519(key, message, signature)
          }
        }),
      )
      cold.push(
        rate(few.length, () => {
          for (const receipt of few) passes(new Verifier(nodeSuite, trust).verify(receipt))
        }),
      )
      const verifier = new Verifier(nodeSuite, trust)
      bulk.push(
        rate(receipts.length, () => {
          for (const receipt of receipts) passes(verifier.verify(receipt))
        }),
      )
      bytesBulk.push(
        rate(texts.length, () => {
          for (const text of texts) passes(verifier.verify(parseReceipt(text)))
        }),
      )
    }
    return [
      forTheRecord('bare: four Ed25519 signature checks', median(bare), 'receipts/s'),
      forTheRecord('cold: a receipt with 3 cosignatures', median(cold), 'receipts/s'),
      atLeast(
        'cold, as a share of what its signature checks allow',
        median(cold.map((value, i) => value / bare[i]!)),
        '',
        0.8,
      ),
      atLeast('bulk, under one checkpoint of a million entries', median(bulk), 'receipts/s', 20_000),
      forTheRecord('bulk, from JSON bytes', median(bytesBulk), 'receipts/s'),
    ]
  },
}
