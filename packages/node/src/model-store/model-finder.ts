/** Where the file with a digest lies: among files that are named, and in stores of models by content. */
import { stat } from 'node:fs/promises'
import { digestFile } from './digest.ts'
import { ModelStore } from './store.ts'

export class ModelFinder {
  readonly #files: readonly string[]
  readonly #stores: readonly ModelStore[]
  /** Digests of named files, as long as these stay as they are. */
  readonly #known = new Map<string, { identity: string; sha256: string }>()

  constructor(files: readonly string[], stores: readonly string[] = []) {
    this.#files = files
    this.#stores = stores.map(folder => new ModelStore(folder))
  }

  /** A path, or undefined. What lies there may have changed: whoever opens it compares again. */
  async find(sha256: string): Promise<string | undefined> {
    for (const store of this.#stores)
      if ((await store.has(sha256)) !== undefined) return store.blobPath(sha256)
    for (const file of this.#files) if ((await this.#digestOf(file)) === sha256) return file
    return undefined
  }

  async #digestOf(file: string): Promise<string | undefined> {
    const found = await stat(file, { bigint: true }).catch(() => undefined)
    if (found === undefined || !found.isFile()) return undefined
    const identity = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join()
    const known = this.#known.get(file)
    if (known?.identity === identity) return known.sha256
    const { sha256 } = await digestFile(file)
    this.#known.set(file, { identity, sha256 })
    return sha256
  }
}
