/**
 * The newest tree that this reader saw of each network's registry, whichever host signed it: a registry that goes on
 * from another one is found out by it.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import { parseCheckpoint } from '@answerable/core/tlog'
import { homeFolder, writePrivately } from '../home.ts'
import type { SeenTree } from './replay.ts'

export class SeenRegistry {
  readonly path: string

  /** `network`: SHA-256 of the charter's statement. */
  constructor(network: string, home: string = homeFolder()) {
    this.path = join(home, 'registries', `${network}.checkpoint`)
  }

  /** Throws `corrupt`. */
  get(): (SeenTree & { note: string }) | undefined {
    if (!existsSync(this.path)) return undefined
    try {
      const note = readFileSync(this.path, 'utf8')
      const { size, root } = parseCheckpoint(parseNote(note).text)
      return { size, root, where: this.path, note }
    } catch (cause) {
      throw new AnswerableError(
        'corrupt',
        `${this.path}: ${(cause as Error).message}; remove it to begin anew`,
        { cause },
      )
    }
  }

  put(note: string): void {
    writePrivately(this.path, note)
  }
}
