/** The newest checkpoint that this reader saw of each log: what a log that forks or goes back is caught by. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { formatVkey, type VerifierKey } from '@answerable/core/note'
import { type Checkpoint, openCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { homeFolder, writePrivately } from '../home.ts'

export interface SeenCheckpoint {
  checkpoint: Checkpoint
  note: string
  /** Where it was kept, or what file it came from. */
  where: string
}

export class LastSeen {
  readonly #path: string
  readonly #key: VerifierKey

  constructor(key: VerifierKey, home: string = homeFolder()) {
    const digest = nodeSuite.sha256Hex(Buffer.from(formatVkey(key))).slice(0, 16)
    this.#path = join(home, 'logs', `${slug(key.name)}-${digest}.checkpoint`)
    this.#key = key
  }

  /** Throws `corrupt` where the file is no longer a checkpoint that the log's key signed. */
  get(): SeenCheckpoint | undefined {
    if (!existsSync(this.#path)) return undefined
    try {
      return openSeen(readFileSync(this.#path), this.#key, this.#path)
    } catch (cause) {
      throw new AnswerableError(
        'corrupt',
        `${this.#path}: ${(cause as Error).message}; remove it to begin anew`,
        { cause },
      )
    }
  }

  put(note: string): void {
    writePrivately(this.#path, note)
  }
}

/** A checkpoint of this log from anywhere. Throws as `openCheckpoint` does, and `bad-checkpoint` for another log's. */
export function openSeen(note: Uint8Array, key: VerifierKey, where: string): SeenCheckpoint {
  const { checkpoint } = openCheckpoint(note, [key], nodeSuite)
  return { checkpoint, note: Buffer.from(note).toString(), where }
}

/** A file name out of a log's origin, which may hold any character. */
export function slug(origin: string): string {
  return origin.replace(/[^A-Za-z0-9.-]+/g, '-').slice(0, 64)
}
