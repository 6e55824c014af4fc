/** Records that a dispute is about, as they were disclosed: on disk, readable by their owner alone, until it is over. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type DisclosedRecord, formatDisclosedRecord, parseDisclosedRecord } from '@answerable/core/audit'
import type { Dispute } from '@answerable/core/registry'
import type { Disk } from '../storage/disk.ts'

export class KeptRecords {
  readonly #disk: Disk
  readonly #folder: string

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** By the log's entry of the answer, in hex. */
  async keep(entry: string, record: DisclosedRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await this.#disk.replace(this.#path(entry), formatDisclosedRecord(record))
  }

  /** Undefined where it is not here. Throws for one that is damaged. */
  async get(entry: string): Promise<DisclosedRecord | undefined> {
    const bytes = await readFile(this.#path(entry)).catch(error => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    })
    return bytes && parseDisclosedRecord(bytes)
  }

  async entries(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => [])
    return names.filter(name => /^[0-9a-f]{64}\.json$/.test(name)).map(name => name.slice(0, 64))
  }

  async forget(entry: string): Promise<void> {
    await rm(this.#path(entry), { force: true })
  }

  #path(entry: string): string {
    return join(this.#folder, `${entry}.json`)
  }
}

/** Entries over which a member's own disputes have ended. Another's about the same record may end long before. */
export function doneWith(disputes: Iterable<Dispute>, member: string): Set<string> {
  const over = new Set<string>()
  for (const { entry, status, auditor } of disputes)
    if (auditor === member && (status === 'decided' || status === 'undecided')) over.add(entry)
  return over
}
