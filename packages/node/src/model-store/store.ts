/**
 * A store of models by content. Each file is there once, under its digest; each model is a folder, named by its manifest,
 * in which its files stand under their own names as hard links:
 *
 *     blobs/SHA256               a file, whole and compared with its digest before it appears
 *     partial/SHA256             one that is still coming
 *     models/MANIFEST/about.json what it is called, where it came from, who signed it
 *     models/MANIFEST/model.sig  its signature file
 *     models/MANIFEST/files/...  its files
 *
 * The digests decide: a file that was altered later is found by `check`, and by a gateway's start.
 */
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AnswerableError, parseJson } from '@answerable/core'
import { MAX_RESOURCES, type Resource } from '@answerable/core/model'
import { digestFile } from './digest.ts'

export interface StoredModel {
  name: string
  version: string
  /** SHA-256 of the manifest's statement, in hex. */
  manifest: string
  /** Where it came from, and when (RFC 3339). */
  from: string
  added: string
  /** Who signed it, as it was found then. */
  signer: string
  files: { name: string; sha256: string; size: number }[]
}

const DIGEST = /^[0-9a-f]{64}$/

export class ModelStore {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Where a file of this digest is, or will be. */
  blobPath(sha256: string): string {
    return join(this.folder, 'blobs', checked(sha256))
  }

  partialPath(sha256: string): string {
    return join(this.folder, 'partial', checked(sha256))
  }

  /** The folder of a model's files. */
  filesPath(manifest: string): string {
    return join(this.folder, 'models', checked(manifest), 'files')
  }

  signaturePath(manifest: string): string {
    return join(this.folder, 'models', checked(manifest), 'model.sig')
  }

  /** The size of a file that is here, in bytes. */
  async has(sha256: string): Promise<number | undefined> {
    return (await stat(this.blobPath(sha256)).catch(() => undefined))?.size
  }

  /**
   * Lets a file that has come whole appear under its digest. Throws `model-altered`, and takes it away, where its bytes
   * are others.
   */
  async admit(sha256: string, name: string, onBytes?: (bytes: number) => void): Promise<void> {
    const partial = this.partialPath(sha256)
    const found = await digestFile(partial, onBytes)
    if (found.sha256 !== sha256) {
      await rm(partial, { force: true })
      throw new AnswerableError(
        'model-altered',
        `${name}: came with the digest ${found.sha256.slice(0, 16)}…, and the manifest names ${sha256.slice(0, 16)}…`,
      )
    }
    const file = await open(partial, 'r+')
    await file.sync().finally(() => file.close())
    await mkdir(dirname(this.blobPath(sha256)), { recursive: true, mode: 0o700 })
    await rename(partial, this.blobPath(sha256))
  }

  /** Opens the beginning of a file for more of it, and says how much is there. */
  async openPartial(sha256: string): Promise<{ file: FileHandle; size: number }> {
    await mkdir(join(this.folder, 'partial'), { recursive: true, mode: 0o700 })
    const file = await open(this.partialPath(sha256), 'a+', 0o600)
    return { file, size: (await file.stat()).size }
  }

  /** Puts a model together from files that are all here. It appears whole or not at all. */
  async put(model: StoredModel, signature: Uint8Array): Promise<void> {
    const target = join(this.folder, 'models', checked(model.manifest))
    const draft = join(this.folder, 'partial', `${model.manifest}.model`)
    await rm(draft, { recursive: true, force: true })
    for (const { name, sha256 } of model.files) {
      const path = join(draft, 'files', name)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await link(this.blobPath(sha256), path).catch(cause => {
        // Names that this file system does not tell apart, or one that it cannot hold.
        throw new AnswerableError('not-writable', `${name}: cannot be put into ${this.folder}`, { cause })
      })
    }
    await writeDurably(join(draft, 'model.sig'), signature)
    await writeDurably(join(draft, 'about.json'), Buffer.from(`${JSON.stringify(model, null, 2)}\n`))
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await rm(target, { recursive: true, force: true })
    await rename(draft, target)
  }

  async list(): Promise<StoredModel[]> {
    const names = await readdir(join(this.folder, 'models')).catch(() => [])
    const models = await Promise.all(names.filter(name => DIGEST.test(name)).map(name => this.get(name)))
    return models.sort((a, b) =>
      a.name === b.name ? (a.added < b.added ? -1 : 1) : a.name < b.name ? -1 : 1,
    )
  }

  /** Throws `corrupt` for a model whose description cannot be read. */
  async get(manifest: string): Promise<StoredModel> {
    const path = join(this.folder, 'models', checked(manifest), 'about.json')
    try {
      const model = parseJson(await readFile(path), { maxBytes: 64 << 20, maxKeys: 8 * MAX_RESOURCES })
      if (!isStored(model) || model.manifest !== manifest) throw new TypeError('fields are missing')
      return model
    } catch (cause) {
      throw new AnswerableError('corrupt', `${path}: not the description of a model`, { cause })
    }
  }

  /** A model by its manifest, the beginning of it, or its name, the newest first. Throws `not-found`. */
  async find(text: string): Promise<StoredModel> {
    const models = await this.list()
    const found =
      models.findLast(({ name }) => name === text) ??
      (text.length >= 8 ? models.find(({ manifest }) => manifest.startsWith(text)) : undefined)
    if (found === undefined)
      throw new AnswerableError('not-found', `no model ${text.slice(0, 100)} in ${this.folder}`)
    return found
  }
}

/** What is missing of a list of files. */
export async function missingOf(store: ModelStore, resources: readonly Resource[]): Promise<Resource[]> {
  const missing = new Map<string, Resource>()
  for (const resource of resources)
    if ((await store.has(resource.sha256)) === undefined) missing.set(resource.sha256, resource)
  return [...missing.values()]
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

function isStored(value: unknown): value is StoredModel {
  if (value === null || typeof value !== 'object') return false
  const { name, version, manifest, from, added, signer, files } = value as Record<string, unknown>
  const texts = [name, version, manifest, from, added, signer]
  return texts.every(text => typeof text === 'string') && Array.isArray(files)
}

/** A digest becomes part of a path. */
function checked(digest: string): string {
  if (!DIGEST.test(digest))
    throw new AnswerableError('bad-request', 'expected a SHA-256 digest in lower-case hex')
  return digest
}
