/** The registry's fold: a replay of 100,000 statements, and what of it is the checking of signatures. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Suite } from '@answerable/core'
import { Registry } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { joining } from './lib/joining.ts'
import { registryEntries } from './lib/registry.ts'
import { atLeast, atMost, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'
import { submitting } from './lib/submitting.ts'

const ENTRIES = 100_000
const MEMBERS = 1000
const ROUNDS = 3

interface Signed {
  key: KeyObject
  message: Uint8Array
  signature: Uint8Array
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function fold(entries: readonly Uint8Array[], suite: Suite): { seconds: number; registry: Registry } {
  const registry = new Registry(suite)
  const start = performance.now()
  for (const entry of entries) registry.append(entry)
  return { seconds: (performance.now() - start) / 1000, registry }
}

/** The signatures that the fold checks, with their keys ready. */
function signaturesOf(entries: readonly Uint8Array[]): Signed[] {
  const keys = new Map<string, KeyObject>()
  const signed: Signed[] = []
  const recording: Suite = {
    ...nodeSuite,
    verifyEd25519(publicKey, message, signature) {
      const x = Buffer.from(publicKey).toString('base64url')
      const key = keys.get(x) ?? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      keys.set(x, key)
      signed.push({ key, message, signature })
      return true
    },
  }
  fold(entries, recording)
  return signed
}

export const benchmark: Benchmark = {
  title: 'registry',
  async run(say): Promise<Row[]> {
    say(`signing ${ENTRIES} statements of ${MEMBERS} members`)
    const entries = registryEntries(ENTRIES, MEMBERS)
    const signed = signaturesOf(entries)
    const rules: number[] = []
    const signatures: number[] = []
    const bare: number[] = []
    const growth: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      say(`round ${round + 1} of ${ROUNDS}`)
      collect()
      const before = process.memoryUsage()
      const { seconds, registry } = fold(entries, { ...nodeSuite, verifyEd25519: () => true })
      collect()
      const after = process.memoryUsage()
      if (registry.size !== ENTRIES) throw new Error('not all were taken')
      growth.push((after.heapUsed + after.external - before.heapUsed - before.external) / 2 ** 20)
      rules.push(seconds)
      signatures.push(signed.length / (fold(entries, nodeSuite).seconds - seconds))
      const start = performance.now()
      for (const { key, message, signature } of signed)
        if (!verify(null, message, key, signature)) throw new Error('a bad signature')
      bare.push(signed.length / ((performance.now() - start) / 1000))
    }
    const rows = [
      atMost(`fold of ${ENTRIES} statements, without the signatures`, median(rules), 's', 5),
      forTheRecord('signatures in them', signed.length, ''),
      forTheRecord('signatures checked as part of the fold', median(signatures), '/s'),
      forTheRecord('bare verification of the same', median(bare), '/s'),
      atLeast('the former of the latter', median(signatures.map((rate, i) => rate / bare[i]!)), '', 0.9),
      forTheRecord('memory that the state takes after it', median(growth), 'MB'),
    ]
    return [...rows, ...(await joining(say)), ...(await submitting(say))]
  },
}
