/**
 * Invitations: whoever holds one may have an application brought to the registry, in the name of the member who sent
 * it. The code is 256 random bits; here only its hash is kept, a file each, so that the command that makes one and the
 * process that takes it need not know of each other. It serves one application, until it expires.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { AnswerableError, fromHex } from '@answerable/core'
import { z } from 'zod'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'

/** What the inviter sends, by a way that both trust: the code is good for whoever reads it first. */
export interface Invitation {
  /** Where the inviter's process is reached. */
  url: string
  /** SHA-256 of the charter's statement: what the one who joins pins. */
  network: string
  code: string
  /** The inviter's member id. */
  sponsor: string
}

const Text = z.object({
  url: z.url({ protocol: /^https?$/ }).max(512),
  network: z.string().regex(/^[0-9a-f]{64}$/),
  code: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  sponsor: z.string().min(1).max(64),
})

const Kept = z.strictObject({
  /** SHA-256 of the code, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Unix milliseconds. */
  expires: z.number(),
  /** The application that it was used for. */
  used: z.strictObject({ digest: z.string(), member: z.string() }).nullable(),
})
type Kept = z.infer<typeof Kept>

/** Open ones at a time: each is a door. */
const MOST_OPEN = 64
const MOST_TEXT = 2048

export function formatInvitation({ url, network, code, sponsor }: Invitation): string {
  return Buffer.from(JSON.stringify({ url, network, code, sponsor })).toString('base64url')
}

/** Throws `bad-format`. */
export function parseInvitation(text: string): Invitation {
  const bad = new AnswerableError(
    'bad-format',
    'not an invitation; expected the one line that answerable network invite prints, whole',
  )
  const line = text.trim()
  if (line.length > MOST_TEXT || !/^[A-Za-z0-9_-]+$/.test(line)) throw bad
  try {
    return Text.parse(JSON.parse(Buffer.from(line, 'base64url').toString()))
  } catch {
    throw bad
  }
}

export class Invitations {
  readonly #disk: Disk
  readonly #folder: string

  /** `folder`: the data folder. */
  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = join(folder, 'invitations')
  }

  /** A new code. Expired ones are cleared away. Throws `too-many-requests` where as many as may be are open. */
  async make(expires: number, now: number): Promise<string> {
    let open = 0
    for (const name of await this.#disk.list(this.#folder)) {
      const kept = await this.#read(name.replace(/\.json$/, ''))
      if (kept === undefined) continue
      if (kept.expires <= now) await this.#disk.remove(join(this.#folder, name))
      else if (kept.used === null) open++
    }
    if (open >= MOST_OPEN)
      throw new AnswerableError(
        'too-many-requests',
        `${open} invitations are open; remove some from ${this.#folder}, or wait until they expire`,
      )
    const code = randomBytes(32).toString('base64url')
    await this.#write({ sha256: hashOf(code), expires, used: null })
    return code
  }

  /**
   * Binds a code to an application before that is submitted, so that it serves no other. Throws `forbidden` where the
   * code is unknown, expired, or was used for another.
   */
  async use(code: string, application: { digest: string; member: string }, now: number): Promise<void> {
    await this.expect(code, now, application.digest)
    const kept = (await this.#find(code, now))!
    if (kept.used === null) await this.#write({ ...kept, used: application })
  }

  /**
   * Whether a code could be used now, and for this application where it is known, before anything costly is done for
   * whoever brings it. Throws `forbidden`.
   */
  async expect(code: string, now: number, digest?: string): Promise<void> {
    const kept = await this.#find(code, now)
    const other = digest !== undefined && kept?.used != null && kept.used.digest !== digest
    if (kept === undefined || other) throw refused()
  }

  /** Opens a code again whose application the rules forbade. */
  async release(code: string, digest: string): Promise<void> {
    const kept = await this.#read(hashOf(code))
    if (kept?.used?.digest === digest) await this.#write({ ...kept, used: null })
  }

  async #find(code: string, now: number): Promise<Kept | undefined> {
    if (!/^[A-Za-z0-9_-]{43}$/.test(code)) return undefined
    const sha256 = hashOf(code)
    const kept = await this.#read(sha256)
    if (kept === undefined || kept.expires <= now) return undefined
    return timingSafeEqual(fromHex(kept.sha256, 32), fromHex(sha256, 32)) ? kept : undefined
  }

  async #read(sha256: string): Promise<Kept | undefined> {
    const bytes = await this.#disk.readFile(join(this.#folder, `${sha256}.json`))
    if (bytes === undefined) return undefined
    try {
      return Kept.parse(JSON.parse(bytes.toString()))
    } catch {
      // As good as none: a damaged file opens no door.
      return undefined
    }
  }

  async #write(kept: Kept): Promise<void> {
    await this.#disk.list(this.#folder)
    await this.#disk.replace(join(this.#folder, `${kept.sha256}.json`), Buffer.from(JSON.stringify(kept)))
  }
}

function refused(): AnswerableError {
  return new AnswerableError('forbidden', 'this invitation is not known here, has expired, or was used')
}

function hashOf(code: string): string {
  return nodeSuite.sha256Hex(Buffer.from(code))
}
