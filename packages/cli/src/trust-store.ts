/**
 * Whom this reader trusts: a file for each network in `trust/` of the home folder, with the tlog-policy that they
 * agreed to, where it came from and when, and the keys that were revoked. Nothing gets in here but by `trust add`,
 * `trust update` and `trust revoke`, or by the reader's own hand. Beside it stands the network's registry as it was last
 * replayed: `NAME.entries`, each entry behind its length in two bytes as in a bundle of tlog-tiles, and
 * `NAME.checkpoint`.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError, parseJson } from '@answerable/core'
import { parseNote, parseVkey } from '@answerable/core/note'
import type { Trust } from '@answerable/core/receipt'
import {
  encodeBundle,
  POLICY_LIMITS,
  type Policy,
  parseCheckpoint,
  parsePolicy,
  TILE_WIDTH,
} from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { homeFolder, refuseWritableByOthers, writePrivately } from './home.ts'
import { PublisherStore } from './publisher-store.ts'

const TYPE = 'https://answerable.dev/trusted/v1'
/** Also the name of a file, so the same on systems that do not tell capitals apart. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

export interface TrustedEntry {
  /** What the reader calls the network. */
  name: string
  /** The tlog-policy, as it was agreed to. */
  text: string
  policy: Policy
  /** Where it came from. */
  url: string
  /** RFC 3339. */
  added: string
  /** SHA-256 of the charter's statement, where the network has a registry: what `trust update` pins. */
  network?: string
  /** Keys that no longer count, by vkey, with the POSIX second since when: the reader's word, and the registry's. */
  revoked: Record<string, number>
}

/** A network's registry as it was last replayed. */
export interface KeptRegistry {
  note: string
  size: number
  root: Uint8Array
  /** The file of its entries. */
  where: string
}

/** What `put` writes. */
export type NewEntry = Omit<TrustedEntry, 'policy' | 'revoked'> & Partial<Pick<TrustedEntry, 'revoked'>>

export class TrustStore {
  readonly #home: string
  readonly #folder: string

  constructor(home: string = homeFolder()) {
    this.#home = home
    this.#folder = join(home, 'trust')
  }

  names(): string[] {
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder)
      .filter(file => file.endsWith('.json') && NAME.test(file.slice(0, -5)))
      .map(file => file.slice(0, -5))
      .sort()
  }

  /** All networks. Throws where one cannot be read: a reader who trusts it must not be told otherwise. */
  all(): TrustedEntry[] {
    return this.names().map(name => this.get(name)!)
  }

  /** Throws `bad-policy` for a file that is not as `put` writes it, and `bad-config` for one that others can write. */
  get(name: string): TrustedEntry | undefined {
    const path = this.#path(name)
    if (!existsSync(path)) return undefined
    refuseWritableByOthers(this.#folder)
    refuseWritableByOthers(path)
    try {
      const fields = parseJson(readFileSync(path), { maxBytes: 2 * POLICY_LIMITS.bytes, maxDepth: 3 })
      const { type, policy, url, added, network, revoked = {} } = fields as Record<string, unknown>
      if (
        type !== TYPE ||
        ![policy, url, added].every(field => typeof field === 'string') ||
        !isRevocations(revoked)
      )
        throw new AnswerableError('bad-policy', 'not a file of this trust store')
      const text = policy as string
      return {
        name,
        text,
        policy: parsePolicy(text, nodeSuite),
        url: url as string,
        added: added as string,
        ...(typeof network === 'string' && { network }),
        revoked,
      }
    } catch (cause) {
      throw new AnswerableError('bad-policy', `${path}: ${(cause as Error).message}`, { cause })
    }
  }

  /** Throws `not-found`, with the names that there are. */
  known(name: string): TrustedEntry {
    const entry = this.get(name)
    if (entry !== undefined) return entry
    const names = this.names()
    const others = names.length > 0 ? `; there is ${names.join(', ')}` : ''
    throw new AnswerableError('not-found', `no network ${name} is trusted${others}`)
  }

  put({ name, text, url, added, network, revoked = {} }: NewEntry): string {
    const path = this.#path(name)
    const fields = {
      type: TYPE,
      policy: text,
      url,
      added,
      network,
      ...(Object.keys(revoked).length > 0 && { revoked }),
    }
    writePrivately(path, `${JSON.stringify(fields, null, 2)}\n`)
    return path
  }

  /** Keeps a registry for later, offline. The checkpoint last: it says how many entries count. */
  keep(name: string, note: string, entries: readonly Uint8Array[]): void {
    const bundles: Uint8Array[] = []
    for (let at = 0; at < entries.length; at += TILE_WIDTH)
      bundles.push(encodeBundle(entries.slice(at, at + TILE_WIDTH)))
    writePrivately(this.#beside(name, 'entries'), Buffer.concat(bundles))
    writePrivately(this.#beside(name, 'checkpoint'), note)
  }

  kept(name: string): KeptRegistry | undefined {
    const path = this.#beside(name, 'checkpoint')
    const where = this.#beside(name, 'entries')
    if (!existsSync(path) || !existsSync(where)) return undefined
    refuseWritableByOthers(path)
    refuseWritableByOthers(where)
    const note = readFileSync(path, 'utf8')
    const { size, root } = parseCheckpoint(parseNote(note).text)
    return { note, size, root, where }
  }

  /** The entries that were kept, as many as the checkpoint has. Throws `corrupt` where there are fewer. */
  keptEntries(name: string): Uint8Array[] {
    const kept = this.kept(name)
    if (kept === undefined) return []
    const bytes = readFileSync(kept.where)
    const entries: Uint8Array[] = []
    for (let at = 0; entries.length < kept.size; ) {
      const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : Number.POSITIVE_INFINITY
      if (at + 2 + length > bytes.length)
        throw new AnswerableError(
          'corrupt',
          `${kept.where}: ends early; run: answerable trust update ${name}`,
        )
      entries.push(bytes.subarray(at + 2, at + 2 + length))
      at += 2 + length
    }
    return entries
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    const path = this.#path(name)
    if (!existsSync(path)) return false
    rmSync(path)
    for (const kind of ['entries', 'checkpoint'] as const) rmSync(this.#beside(name, kind), { force: true })
    return true
  }

  /** For core: every network and every publisher, under the reader's name for it. */
  trust(): Trust {
    return {
      networks: this.all().map(({ name, policy, revoked }) => ({ name, policy, revoked })),
      publishers: new PublisherStore(this.#home).all(),
    }
  }

  #beside(name: string, kind: 'entries' | 'checkpoint'): string {
    return join(this.#folder, `${checkName(name)}.${kind}`)
  }

  #path(name: string): string {
    return join(this.#folder, `${checkName(name)}.json`)
  }
}

function isRevocations(value: unknown): value is Record<string, number> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  return Object.entries(value).every(([vkey, since]) => {
    parseVkey(vkey, nodeSuite)
    return Number.isSafeInteger(since) && since >= 0
  })
}

/** Throws `bad-request` for a name that no file can have. */
export function checkName(name: string): string {
  if (!NAME.test(name))
    throw new AnswerableError(
      'bad-request',
      'a network is called by up to 64 lower-case letters, digits, dots, dashes and underscores; give one with --name',
    )
  return name
}
