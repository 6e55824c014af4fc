/**
 * Whom this reader trusts: a file for each network in `trust/` of the home folder, with the tlog-policy that they
 * agreed to, where it came from and when. Nothing gets in here but by `trust add`, or by the reader's own hand.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError, parseJson } from '@answerable/core'
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
}

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
      const fields = parseJson(readFileSync(path), { maxBytes: 2 * POLICY_LIMITS.bytes, maxDepth: 2 })
      const { type, policy, url, added } = fields as Record<string, unknown>
      if (type !== TYPE || ![policy, url, added].every(field => typeof field === 'string'))
        throw new AnswerableError('bad-policy', 'not a file of this trust store')
      const text = policy as string
      return { name, text, policy: parsePolicy(text, nodeSuite), url: url as string, added: added as string }
    } catch (cause) {
      throw new AnswerableError('bad-policy', `${path}: ${(cause as Error).message}`, { cause })
    }
  }

  put({ name, text, url, added }: Omit<TrustedEntry, 'policy'>): string {
    const path = this.#path(name)
    writePrivately(path, `${JSON.stringify({ type: TYPE, policy: text, url, added }, null, 2)}\n`)
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
      networks: this.all().map(({ name, policy }) => ({ name, policy })),
      publishers: new PublisherStore(this.#home).all(),
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${checkName(name)}.json`)
  }
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
