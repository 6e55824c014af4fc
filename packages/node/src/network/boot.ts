/**
 * A boot of a node with hardware evidence. Evidence shows which workload had a log's key bound to it, and shows no more of the
 * next boot; so each boot makes a key of its own, which is in memory alone and gone with the process, and a log of its own
 * under that key. Its first entry binds it to the last checkpoint that anybody saw of the log before.
 */
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { toHex } from '@answerable/core'
import { formatVkey, type NoteSigner, parseNote } from '@answerable/core/note'
import { type Policy, parseCheckpoint } from '@answerable/core/tlog'
import { loadKey, noteSigner } from '../log/keys.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'
import { checkStart, Publisher, type WitnessClient } from '../witness/index.ts'
import { openEnded } from './generations.ts'
import { type Generation, type Identity, saveIdentity } from './identity.ts'

export interface BootOptions {
  disk: Disk
  /** The data folder. */
  folder: string
  identity: Identity
  /** One for each generation; that of the new one is added. */
  signers: NoteSigner[]
  /** Whether the new key is in memory alone. */
  ephemeral: boolean
  witnesses: readonly WitnessClient[]
  policy: Policy
  report: (event: string) => void
}

/** Whether a start opens a log of its own: with evidence always, and without where the last key is gone. */
export function needsBoot({ generations }: Identity, evidence: boolean): boolean {
  return evidence || generations.at(-1)!.vkey !== undefined
}

/** Opens the next generation in the identity, with its signer. */
export async function openBoot(options: BootOptions): Promise<void> {
  const { disk, folder, identity, signers, ephemeral } = options
  const { generations } = identity
  const [{ origin: first }] = generations as [Generation]
  const base = first.slice(0, first.lastIndexOf('/'))
  const predecessor = await finish(options)
  const number = generations.length + ((await isUntouched(disk, folder, identity)) ? 0 : 1)
  const own = `inference-${number}`
  let generation: Generation
  let signer: NoteSigner
  if (ephemeral) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const digest = nodeSuite.sha256Hex(publicKey.export({ type: 'spki', format: 'der' }))
    // An old copy of this folder counts its boots anew: the key tells its logs from those.
    signer = noteSigner(`${base}/${own}-${digest.slice(0, 12)}`, privateKey)
    generation = { origin: signer.key.name, folder: own, vkey: formatVkey(signer.key) }
  } else {
    await disk.list(join(folder, own))
    signer = noteSigner(`${base}/${own}`, await loadKey(disk, join(folder, own, 'key.pem')))
    generation = { origin: signer.key.name, folder: own }
  }
  if (predecessor !== undefined) generation.predecessor = predecessor
  generations.splice(number - 1, 1, generation)
  signers.splice(number - 1, 1, signer)
  await saveIdentity(disk, folder, identity)
}

/** A folder's first log, of which nothing is there but its name. */
export async function isUntouched(disk: Disk, folder: string, { generations }: Identity): Promise<boolean> {
  const [only, ...others] = generations as [Generation]
  if (others.length > 0 || only.vkey !== undefined) return false
  return (await disk.readFile(join(folder, only.folder, 'key.pem'))) === undefined
}

/**
 * Brings what the log before signed to the witnesses, and returns the last checkpoint that they saw of it: or, where they
 * saw none, the last that it signed.
 */
async function finish(options: BootOptions): Promise<Generation['predecessor']> {
  const { disk, folder, identity, signers, witnesses, policy, report } = options
  const last = identity.generations.at(-1)!
  const signer = signers.at(-1)
  if (signer === undefined) return undefined
  const { key } = signer
  const store = await openEnded(disk, folder, last, signer)
  // It never came to a record: what it would have been bound to, the next one is.
  if (store === undefined) return last.predecessor
  try {
    const { log } = store
    const check = await checkStart(log, witnesses, { key })
    if (check.outcome === 'rolled-back') {
      const { size, note } = check.fork
      report(
        `a witness saw ${size} records of ${key.name}, and fewer are here: this folder is an old copy. Those that are missing are lost`,
      )
      return { origin: key.name, size, root: toHex(parseCheckpoint(parseNote(note).text).root), note }
    }
    if (log.signed.size === 0) return last.predecessor
    const publisher = await Publisher.open({
      log,
      key,
      witnesses,
      policy,
      keep: { disk, path: join(folder, last.folder, 'witnessed') },
    })
    await publisher.publishNow()
    await publisher.stop()
    const { size, root, note } = publisher.witnessed ?? log.signed
    const missing = log.signed.size - (publisher.witnessed?.size ?? 0)
    if (missing > 0)
      report(
        `${missing} records of ${key.name} are under no checkpoint that enough witnesses saw; their receipts say so`,
      )
    return { origin: key.name, size, root: toHex(root), note }
  } finally {
    await store.close()
  }
}
