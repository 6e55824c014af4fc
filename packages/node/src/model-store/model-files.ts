/** The files of a model on disk: a file, or a folder of them (OpenSSF Model Signing v1.0, sections 6.1 and 6.2). */
import { lstat, opendir, realpath } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { isResourceName, MAX_RESOURCES, type Resource } from '@answerable/core/model'
import { digestFile } from './digest.ts'

export interface ModelFile {
  /** Its name in a manifest. */
  name: string
  path: string
  /** In bytes. */
  size: number
}

export interface ModelFiles {
  /** What the folder or file is called. */
  name: string
  /** The folder that the names are under. */
  folder: string
  files: ModelFile[]
}

export interface ListOptions {
  /** The signature file, which is never part of what it signs. */
  signature?: string
  /** Paths under the folder that are left out, with all below them. */
  ignore?: readonly string[]
}

/** Left out of every model, at the top of its folder (section 6.2). */
const GIT = ['.git', '.gitignore', '.gitattributes', '.github']

/**
 * The files of a model. Throws `not-found`, and `bad-model` for a folder that holds links, which say nothing of what
 * they lead to, other things than files, names that no manifest can hold, or nothing at all.
 */
export async function listModelFiles(
  path: string,
  { signature, ignore = [] }: ListOptions = {},
): Promise<ModelFiles> {
  const stats = await lstat(path).catch(cause => {
    throw new AnswerableError('not-found', `${path}: no such file or folder`, { cause })
  })
  // The model itself may be named by a link; what is in it may not.
  const root = stats.isSymbolicLink() ? await realpath(path) : resolve(path)
  const { size } = stats.isSymbolicLink() ? await lstat(root) : stats
  if (!(await lstat(root)).isDirectory()) {
    const name = basename(path)
    if (!isResourceName(name)) throw badName(path, name)
    return { name, folder: resolve(path, '..'), files: [{ name, path: root, size }] }
  }
  const left = new Set([...GIT, ...ignore])
  const own = signature === undefined ? undefined : relative(root, resolve(signature)).split(sep).join('/')
  if (own !== undefined) left.add(own)
  const files: ModelFile[] = []
  await walk(root, '', left, files)
  if (files.length === 0) throw new AnswerableError('bad-model', `${path}: there are no files in it`)
  return { name: basename(root), folder: root, files }
}

async function walk(
  root: string,
  under: string,
  left: ReadonlySet<string>,
  files: ModelFile[],
): Promise<void> {
  for await (const entry of await opendir(join(root, under))) {
    const name = under === '' ? entry.name : `${under}/${entry.name}`
    if (left.has(name)) continue
    if (!isResourceName(name)) throw badName(root, name)
    const path = join(root, name)
    if (entry.isDirectory()) await walk(root, name, left, files)
    else if (entry.isFile()) files.push({ name, path, size: (await lstat(path)).size })
    else
      throw new AnswerableError(
        'bad-model',
        `${path}: ${entry.isSymbolicLink() ? 'a link' : 'not a file'}; the files of a model lie in its folder themselves`,
      )
    if (files.length > MAX_RESOURCES)
      throw new AnswerableError('too-large', `${root}: over ${MAX_RESOURCES} files`)
  }
}

function badName(where: string, name: string): AnswerableError {
  return new AnswerableError('bad-model', `${where}: no manifest can hold the name ${JSON.stringify(name)}`)
}

/** The digests of files. `progress` is told of bytes done, of all. */
export async function digestModel(
  { files }: Pick<ModelFiles, 'files'>,
  progress?: (done: number, total: number) => void,
): Promise<Resource[]> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const resources: Resource[] = []
  let done = 0
  for (const { name, path } of files) {
    const { sha256 } = await digestFile(path, bytes => {
      done += bytes
      progress?.(done, total)
    })
    resources.push({ name, sha256 })
  }
  return resources
}
