/**
 * A disk in memory that fails and crashes where it is told to.
 *
 * It keeps two states: what a reader sees, and what a loss of power would leave. Everything that changes it is an
 * operation with a number; operations take a few turns of the event loop, so that those in flight together each land
 * or not by themselves. A crash at a number tears that operation and all others in flight, and fails whatever comes
 * later; the disk after it is made with `afterPowerLoss` or, where only the process died, `afterKill`.
 */
import { dirname, join } from 'node:path'
import type { Disk, DiskFile } from '../src/storage/index.ts'
import { below, type Random, seeded } from './random.ts'

/** How much of an operation reaches the disk. What is atomic lands whole or, torn, not at all. */
export const LANDINGS = ['none', 'prefix', 'sectors', 'all'] as const
export type Landing = (typeof LANDINGS)[number]

export interface Fault {
  /** The number of the operation that meets it. */
  at: number
  /** Power is lost, the process is killed, or the operation fails and the disk goes on. */
  kind: 'power-loss' | 'kill' | 'error'
  landing: Landing
  code?: 'EIO' | 'ENOSPC'
  /** Operations in a row that fail. */
  times?: number
}

const SECTOR = 512

interface FileState {
  seen: Buffer
  durable: Buffer
}

interface State {
  seen: Map<string, FileState>
  durable: Map<string, FileState>
}

/** Applies an operation to what is seen, and to what is durable where that is asked for too. */
type Land = (how: Landing, durable: boolean) => void

export class FaultyDisk implements Disk {
  readonly #state: State
  readonly #fault: Fault | undefined
  readonly #random: Random
  readonly #inFlight = new Set<Land>()
  #dead = false
  /** Operations begun so far. */
  operations = 0
  /** Files that are open now. */
  handles = 0

  constructor(fault?: Fault, seed = 1, state: State = { seen: new Map(), durable: new Map() }) {
    this.#fault = fault
    this.#random = seeded(seed)
    this.#state = state
  }

  get crashed(): boolean {
    return this.#dead
  }

  /** The disk that the machine finds when it starts again: what was durable, and what of this moment landed. */
  afterPowerLoss(fault?: Fault, seed?: number): FaultyDisk {
    this.#crash('power-loss')
    const files = new Map<string, FileState>()
    for (const [path, { durable }] of this.#state.durable)
      files.set(path, { seen: Buffer.from(durable), durable: Buffer.from(durable) })
    return new FaultyDisk(fault, seed, { seen: files, durable: new Map(files) })
  }

  /** The disk that the next process finds: all that is seen, though not all of it is durable. */
  afterKill(fault?: Fault, seed?: number): FaultyDisk {
    this.#crash('kill')
    return new FaultyDisk(fault, seed, this.#state)
  }

  /** The bytes of each file that is seen, to look at and to change. */
  get files(): Map<string, Buffer> {
    return new Map([...this.#state.seen].map(([path, file]) => [path, file.seen]))
  }

  /** Changes a file behind everybody's back. */
  tamper(path: string, change: (bytes: Buffer) => Buffer | undefined): void {
    const bytes = change(Buffer.from(this.#state.seen.get(path)!.seen))
    const file = bytes && { seen: bytes, durable: Buffer.from(bytes) }
    for (const names of [this.#state.seen, this.#state.durable]) {
      if (file === undefined) names.delete(path)
      else names.set(path, file)
    }
  }

  /** A disk of its own with the same files. */
  copy(): FaultyDisk {
    const files = new Map<string, FileState>()
    for (const [path, { seen }] of this.#state.seen)
      files.set(path, { seen: Buffer.from(seen), durable: Buffer.from(seen) })
    return new FaultyDisk(undefined, 1, { seen: files, durable: new Map(files) })
  }

  async open(path: string, create = false): Promise<DiskFile> {
    this.#alive()
    if (create) {
      if (this.#state.seen.has(path)) throw systemError('EEXIST', path)
      await this.#operate(this.#naming(path, names => names.set(path, emptyFile())))
    }
    const file = this.#state.seen.get(path)
    if (file === undefined) throw systemError('ENOENT', path)
    return this.#handle(file)
  }

  preallocate(path: string, bytes: number, head: Uint8Array): Promise<void> {
    const content = Buffer.alloc(bytes)
    content.set(head)
    return this.replace(path, content)
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const file = { seen: Buffer.from(bytes), durable: Buffer.from(bytes) }
    await this.#operate(this.#naming(path, names => names.set(path, file)))
  }

  async rename(from: string, to: string): Promise<void> {
    const file = this.#state.seen.get(from)
    if (file === undefined) throw systemError('ENOENT', from)
    await this.#operate(
      this.#naming(to, names => {
        names.delete(from)
        names.set(to, file)
      }),
    )
  }

  async remove(path: string): Promise<void> {
    await this.#operate(this.#naming(path, names => names.delete(path)))
  }

  async readFile(path: string): Promise<Buffer | undefined> {
    this.#alive()
    const file = this.#state.seen.get(path)
    return file && Buffer.from(file.seen)
  }

  async list(folder: string): Promise<string[]> {
    this.#alive()
    this.#syncNames(folder)
    return [...this.#state.seen.keys()]
      .filter(path => dirname(path) === folder)
      .map(path => path.slice(join(folder, '/').length))
      .sort()
  }

  #handle(file: FileState): DiskFile {
    this.handles++
    let open = true
    const check = () => {
      this.#alive()
      if (!open) throw systemError('EBADF', 'a closed file')
    }
    return {
      write: async (bytes, at) => {
        check()
        await this.#operate((how, durable) => {
          const pieces = landed(bytes, at, how, this.#random)
          file.seen = overlay(file.seen, pieces)
          if (durable) file.durable = overlay(file.durable, pieces)
        })
      },
      read: async (at, length) => {
        check()
        const bytes = Buffer.from(file.seen.subarray(at, at + length))
        await turn()
        check()
        return bytes
      },
      size: async () => {
        check()
        return file.seen.length
      },
      sync: async () => {
        check()
        await this.#operate((how, durable) => {
          if (how === 'all' && durable) file.durable = Buffer.from(file.seen)
        })
      },
      close: async () => {
        if (open) this.handles--
        open = false
      },
    }
  }

  /** A change of names: atomic, and durable together with all others of its folder. */
  #naming(path: string, change: (names: Map<string, FileState>) => void): Land {
    return (how, durable) => {
      if (how !== 'all') return
      change(this.#state.seen)
      if (durable) this.#syncNames(dirname(path))
    }
  }

  #syncNames(folder: string): void {
    const { seen, durable } = this.#state
    for (const path of durable.keys()) if (dirname(path) === folder && !seen.has(path)) durable.delete(path)
    for (const [path, file] of seen) if (dirname(path) === folder) durable.set(path, file)
  }

  async #operate(land: Land): Promise<void> {
    this.#alive()
    const number = this.operations++
    this.#inFlight.add(land)
    for (let turns = below(this.#random, 2); turns >= 0; turns--) await turn()
    this.#alive()
    const fault = this.#fault
    if (fault !== undefined && fault.kind !== 'error' && number === fault.at) {
      this.#inFlight.delete(land)
      land(fault.landing, fault.kind === 'power-loss')
      this.#crash(fault.kind)
      this.#alive()
    }
    this.#inFlight.delete(land)
    if (fault?.kind === 'error' && number >= fault.at && number < fault.at + (fault.times ?? 1)) {
      // What landed is seen; whether it is durable, a failed sync does not say.
      land(fault.landing, this.#random() < 0.5)
      throw systemError(fault.code ?? 'EIO', `operation ${number}`)
    }
    land('all', true)
  }

  #crash(kind: 'power-loss' | 'kill'): void {
    if (this.#dead) return
    this.#dead = true
    for (const land of this.#inFlight)
      land(LANDINGS[below(this.#random, LANDINGS.length)]!, kind === 'power-loss')
    this.#inFlight.clear()
  }

  #alive(): void {
    if (this.#dead) throw new Error('the machine is off')
  }
}

/** The pieces of a write that land, each with its place. */
function landed(bytes: Uint8Array, at: number, how: Landing, random: Random): [number, Uint8Array][] {
  if (how === 'none') return []
  if (how === 'all') return [[at, bytes]]
  if (how === 'prefix') return [[at, bytes.subarray(0, below(random, bytes.length + 1))]]
  const pieces: [number, Uint8Array][] = []
  for (let start = at; start < at + bytes.length; ) {
    const end = Math.min(at + bytes.length, (Math.floor(start / SECTOR) + 1) * SECTOR)
    if (random() < 0.5) pieces.push([start, bytes.subarray(start - at, end - at)])
    start = end
  }
  return pieces
}

function overlay(old: Buffer, pieces: readonly [number, Uint8Array][]): Buffer {
  const length = Math.max(old.length, ...pieces.map(([at, bytes]) => at + bytes.length))
  const next = length === old.length ? old : Buffer.concat([old], length)
  for (const [at, bytes] of pieces) next.set(bytes, at)
  return next
}

function emptyFile(): FileState {
  return { seen: Buffer.alloc(0), durable: Buffer.alloc(0) }
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
