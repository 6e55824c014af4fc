/** A disk that comes to a halt in the middle of a commit, with some of it written: where a kill then finds the process. */
import { join } from 'node:path'
import { type Disk, type DiskFile, realDisk } from '../storage/index.ts'

/** What of a commit is on disk when it halts. */
export const MOMENTS = ['half-a-batch', 'batch-without-keys', 'keys-without-batch'] as const
export type Moment = (typeof MOMENTS)[number]

type Kind = 'batch' | 'keys'

/** How much of a write still reaches the disk, from 0 to 1. */
const WRITTEN: Record<Moment, Record<Kind, number>> = {
  'half-a-batch': { batch: 0.5, keys: 1 },
  'batch-without-keys': { batch: 1, keys: 0 },
  'keys-without-batch': { batch: 0, keys: 1 },
}

export class HeldDisk {
  /** The disk, for the gateway. */
  readonly disk: Disk
  readonly #onHeld: () => void
  readonly #reached = new Set<Kind>()
  #moment: Moment | undefined

  constructor(folder: string, onHeld: () => void) {
    this.#onHeld = onHeld
    const kinds: [string, Kind][] = [
      [join(folder, 'segments'), 'batch'],
      [join(folder, 'keys'), 'keys'],
    ]
    this.disk = {
      ...realDisk,
      open: async (path, create) => {
        const file = await realDisk.open(path, create)
        const kind = kinds.find(([start]) => path.startsWith(start))?.[1]
        return kind === undefined ? file : this.#wrap(file, kind)
      },
    }
  }

  /** The next commit halts. */
  hold(moment: Moment): void {
    this.#moment = moment
  }

  #wrap(file: DiskFile, kind: Kind): DiskFile {
    return {
      read: (at, length) => file.read(at, length),
      size: () => file.size(),
      sync: () => file.sync(),
      close: () => file.close(),
      write: async (bytes, at) => {
        if (this.#moment === undefined) return file.write(bytes, at)
        const part = bytes.subarray(0, Math.floor(bytes.length * WRITTEN[this.#moment][kind]))
        if (part.length > 0) await file.write(part, at)
        this.#reached.add(kind)
        if (this.#reached.size === 2) this.#onHeld()
        // It never says that it is done: nothing can be acknowledged on the strength of it.
        return new Promise<void>(() => undefined)
      },
    }
  }
}
