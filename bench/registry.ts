/** The registry's fold: a replay of 100,000 statements, and what of it is the checking of signatures. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Suite } from '@answerable/core'
import { Registry } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { joining } from './lib/joining.ts'
import { registryEntries } from './lib/registry.ts'
import { atLeast, atMost, type Benchmark, forTheRecord, type Row } from './lib/rows.ts'
import { submitting } from './lib/submitting.ts'

const ENTRIES = 100_000
const MEMBERS = 1000
/** Entries that are taken by turns, so that whatever else the machine does slows all sides alike. */
const TURN = 1000

interface Signed {
  publicKey: Uint8Array
  message: Uint8Array
  signature: Uint8Array
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** The signatures that the fold checks of each entry. */
function signaturesOf(entries: readonly Uint8Array[]): Signed[][] {
  let signed: Signed[] = []
  const registry = new Registry({
    ...nodeSuite,
    verifyEd25519(publicKey, message, signature) {
      signed.push({ publicKey, message, signature })
      return true
    },
  })
  return entries.map(entry => {
    signed = []
    registry.append(entry)
    return signed
  })
}

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 section 4). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

interface Spent {
  /** By the clock, and of the processor by this thread. */
  seconds: number
  processor: number
}

function spend(spent: Spent, run: () => void): void {
  const before = process.threadCpuUsage()
  const start = performance.now()
  run()
  spent.seconds += (performance.now() - start) / 1000
  const { user, system } = process.threadCpuUsage(before)
  spent.processor += (user + system) / 1e6
}

/** Bare verification: each key is imported once. */
class Bare {
  readonly #keys = new Map<Uint8Array, KeyObject>()

  verify({ publicKey, message, signature }: Signed): void {
    let key = this.#keys.get(publicKey)
    if (key === undefined) {
      key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' })
      this.#keys.set(publicKey, key)
    }
    if (!verify(null, message, key, signature)) throw new Error('a bad signature')
  }
}

/** One fold of all of them. */
function foldOf(entries: readonly Uint8Array[], suite: Suite): Spent {
  const spent = { seconds: 0, processor: 0 }
  collect()
  spend(spent, () => {
    const registry = new Registry(suite)
    for (const entry of entries) registry.append(entry)
  })
  return spent
}

/** What the state takes once the entries are gone, in MB. */
function memoryOf(entries: readonly Uint8Array[], suite: Suite): number {
  collect()
  const before = process.memoryUsage()
  const registry = new Registry(suite)
  for (const entry of entries) registry.append(entry)
  collect()
  const after = process.memoryUsage()
  if (registry.size !== entries.length) throw new Error('not all were taken')
  return (after.heapUsed + after.external - before.heapUsed - before.external) / 2 ** 20
}

export const benchmark: Benchmark = {
  title: 'registry',
  async run(say): Promise<Row[]> {
    say(`signing ${ENTRIES} statements of ${MEMBERS} members`)
    const entries = registryEntries(ENTRIES, MEMBERS)
    const signed = signaturesOf(entries)
    const unchecked: Suite = { ...nodeSuite, verifyEd25519: () => true }
    say('folding them')
    const memory = memoryOf(entries, unchecked)
    const folds = [0, 1, 2].map(() => foldOf(entries, unchecked)).sort((a, b) => a.seconds - b.seconds)
    const { seconds, processor } = folds[1]!
    say('folding them with their signatures, by turns with bare verification')
    let inChecks = 0
    const whole = new Registry({
      ...nodeSuite,
      verifyEd25519(publicKey, message, signature) {
        const start = performance.now()
        const good = nodeSuite.verifyEd25519(publicKey, message, signature)
        inChecks += (performance.now() - start) / 1000
        return good
      },
    })
    const bare = new Bare()
    const inWhole: Spent = { seconds: 0, processor: 0 }
    const inBare: Spent = { seconds: 0, processor: 0 }
    for (let at = 0; at < ENTRIES; at += TURN) {
      const part = entries.slice(at, at + TURN)
      const signatures = signed.slice(at, at + TURN).flat()
      spend(inWhole, () => {
        for (const entry of part) whole.append(entry)
      })
      spend(inBare, () => {
        for (const one of signatures) bare.verify(one)
      })
    }
    const count = signed.flat().length
    const checked = count / inChecks
    const alone = count / inBare.seconds
    const rows = [
      atMost(`fold of ${ENTRIES} statements, without the signatures`, seconds, 's', 5),
      forTheRecord('processor time in that', processor, 's'),
      forTheRecord('signatures in them', count, ''),
      forTheRecord('signatures checked as part of the fold', checked, '/s'),
      forTheRecord('bare verification of the same, by turns', alone, '/s'),
      atLeast('the former of the latter', checked / alone, '', 0.9),
      forTheRecord('fold with the signatures', inWhole.seconds, 's'),
      forTheRecord('memory that the state takes after it', memory, 'MB'),
    ]
    return [...rows, ...(await joining(say)), ...(await submitting(say))]
  },
}
