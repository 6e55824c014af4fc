/** What there is in a data folder: of a whole local network, or of one log. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AnswerableError } from '@answerable/core'
import {
  parseVkey,
  SIG_COSIGNATURE_ED25519,
  SIG_ED25519,
  type VerifierKey,
  verifierKey,
} from '@answerable/core/note'
import { nodeSuite } from '@answerable/node/log'

export interface LogFolder {
  path: string
  /** `digest`: an inference log, with records and their index. `statement`: a registry. */
  entries: 'digest' | 'statement'
  /** The key in the data folder itself, where it is there. */
  ownKey?: VerifierKey
}

export interface DataFolder {
  /** What a running process locks. */
  root: string
  logs: LogFolder[]
  keys: { role: string; key: VerifierKey }[]
}

/** Throws `not-found` where the folder is none of ours. */
export function openDataFolder(path: string): DataFolder {
  const folder = resolve(path)
  if (existsSync(join(folder, 'network.json'))) return networkFolder(folder)
  if (existsSync(join(folder, 'segments'))) {
    const network = existsSync(join(dirname(folder), 'network.json'))
      ? networkFolder(dirname(folder))
      : undefined
    const known = network?.logs.find(log => log.path === folder)
    return {
      root: network?.root ?? folder,
      logs: [known ?? { path: folder, entries: kindOf(folder) }],
      keys: network?.keys ?? [],
    }
  }
  throw new AnswerableError('not-found', `${path}: not a data folder (no network.json and no segments here)`)
}

/** The inference log that is written at present. */
export function currentLog({ root, logs }: DataFolder): LogFolder {
  const current = logs.findLast(({ entries }) => entries === 'digest')
  if (current === undefined) throw new AnswerableError('not-found', `${root}: there is no inference log here`)
  return current
}

function networkFolder(root: string): DataFolder {
  const { id, generations } = readIdentity(join(root, 'network.json'))
  const logs: LogFolder[] = []
  const keys: DataFolder['keys'] = []
  for (const [i, { origin, folder, vkey }] of generations.entries()) {
    // Of a log with hardware evidence only the public half was ever written.
    const key =
      vkey === undefined ? publicKey(join(root, folder, 'key.pem'), origin) : parseVkey(vkey, nodeSuite)
    logs.push({ path: join(root, folder), entries: 'digest', ...(key && { ownKey: key }) })
    if (key !== undefined) keys.push({ role: i === generations.length - 1 ? 'log' : 'old log', key })
  }
  const member = memberOf(root) ?? `${id}.local`
  const registry = publicKey(join(root, 'keys', 'host.pem'), `${member}/registry`)
  if (existsSync(join(root, 'registry')))
    logs.push({ path: join(root, 'registry'), entries: 'statement', ...(registry && { ownKey: registry }) })
  if (registry !== undefined) keys.push({ role: 'registry', key: registry })
  for (const role of ['member', 'recovery', 'validator']) {
    const key = publicKey(join(root, 'keys', `${role}.pem`), `${member}/${role}`)
    if (key !== undefined) keys.push({ role, key })
  }
  for (const name of readdirSync(root)
    .filter(file => /^witness-\d+$/.test(file))
    .sort()) {
    const witness = publicKey(join(root, name, 'key.pem'), `${member}/${name}`, SIG_COSIGNATURE_ED25519)
    if (witness !== undefined) keys.push({ role: 'witness', key: witness })
  }
  return { root, logs, keys }
}

/** The member that a folder is, where it is one by now. */
function memberOf(root: string): string | undefined {
  const path = join(root, 'membership.json')
  if (!existsSync(path)) return undefined
  try {
    const { member } = JSON.parse(readFileSync(path, 'utf8'))
    return typeof member === 'string' ? member : undefined
  } catch (cause) {
    throw new AnswerableError('corrupt', `${path}: not a membership`, { cause })
  }
}

function kindOf(folder: string): LogFolder['entries'] {
  return existsSync(join(folder, 'tiles', 'entries.hashes')) ? 'digest' : 'statement'
}

function readIdentity(path: string): {
  id: string
  generations: { origin: string; folder: string; vkey?: string }[]
} {
  try {
    const { id, generations } = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof id !== 'string' || !Array.isArray(generations)) throw new TypeError('fields are missing')
    for (const { origin, folder, vkey } of generations)
      if (
        typeof origin !== 'string' ||
        folder !== basename(folder) ||
        (vkey !== undefined && typeof vkey !== 'string')
      )
        throw new TypeError('a log is not named right')
    return { id, generations }
  } catch (cause) {
    throw new AnswerableError('corrupt', `${path}: not the identity of a network`, { cause })
  }
}

/** The public half of a key file, or undefined where there is none. Makes no key, unlike a process that starts here. */
export function publicKey(path: string, name: string, type: number = SIG_ED25519): VerifierKey | undefined {
  if (!existsSync(path)) return undefined
  try {
    const spki = createPublicKey(createPrivateKey(readFileSync(path))).export({ type: 'spki', format: 'der' })
    return verifierKey(name, type, new Uint8Array(spki.subarray(-32)), nodeSuite)
  } catch (cause) {
    throw new AnswerableError('bad-config', `${path}: not an Ed25519 key in PEM`, { cause })
  }
}
