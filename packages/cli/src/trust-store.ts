/**
 * Whom this reader trusts: a file for each network in `trust/` of the home folder, with the tlog-policy that they
 * agreed to, where it came from and when, and the keys that they have revoked. Nothing gets in here but by `trust add`
 * and `trust revoke`, or by the reader's own hand.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError, parseJson } from '@answerable/core'
import { parseVkey } from '@answerable/core/note'
import type { Trust } from '@answerable/core/receipt'
import { POLICY_LIMITS, type Policy, parsePolicy } from '@answerable/core/tlog'
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
  /** Keys that the reader no longer counts, by vkey, with the POSIX second since when. */
  revoked: Record<string, number>
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
      const { type, policy, url, added, revoked = {} } = fields as Record<string, unknown>
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

  put({ name, text, url, added, revoked = {} }: NewEntry): string {
    const path = this.#path(name)
    const fields = {
      type: TYPE,
      policy: text,
      url,
      added,
      ...(Object.keys(revoked).length > 0 && { revoked }),
    }
    writePrivately(path, `${JSON.stringify(fields, null, 2)}\n`)
    return path
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    const path = this.#path(name)
    if (!existsSync(path)) return false
    rmSync(path)
    return true
  }

  /** For core: every network and every publisher, under the reader's name for it. */
  trust(): Trust {
    return {
      networks: this.all().map(({ name, policy, revoked }) => ({ name, policy, revoked })),
      publishers: new PublisherStore(this.#home).all(),
    }
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
