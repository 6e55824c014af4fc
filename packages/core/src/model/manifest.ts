/**
 * The manifest of a signed model: which files it has, each with its digest. OpenSSF Model Signing (OMS) v1.0, sections
 * 5 and 6: an in-toto statement whose predicate lists the files, and whose one subject is the digest of them all.
 *
 * The form of v0.2 (`Digests/v0.1`: a subject for each file, no predicate to speak of) is read and never written. v0.3.1
 * and v1.0.0 write the same statement as later versions without `ignore_paths`, and name a model that is one file `.`.
 */
import { concat, fromHex, utf8 } from '../bytes.ts'
import { parseJson } from '../json.ts'
import { type Json, type JsonObject, Shape } from '../shape.ts'
import { STATEMENT_TYPE } from '../statement/intoto.ts'
import type { Suite } from '../suite.ts'

export const MANIFEST_TYPE = 'https://model_signing/signature/v1.0'
export const OLD_MANIFEST_TYPE = 'https://model_signing/Digests/v0.1'
/** Larger manifests are refused unread: with the longest names this is 13,000 files, with usual ones 50,000. */
export const MAX_MANIFEST_BYTES = 8 * 1024 * 1024
export const MAX_RESOURCES = 65_536
const MAX_NAME = 1024
const MAX_IGNORED = 1024
/** How a model that is one file is called by the reference implementation. */
export const ONE_FILE = '.'

export interface Resource {
  /** The path of a file under the model's folder, with `/`; of a model that is one file its name, or `.`. */
  name: string
  /** SHA-256 of the file, in hex. */
  sha256: string
}

export interface Manifest {
  /** What the signer called the model. It says nothing: a model may be renamed. */
  name: string
  /** SHA-256 over all digests, in their order, in hex (section 6.5.1); absent in the old form. */
  root?: string
  resources: Resource[]
  /** Whether links were followed when it was made. */
  allowSymlinks: boolean
  /** Paths that were left out when it was made, beside git's own. */
  ignorePaths: string[]
  type: typeof MANIFEST_TYPE | typeof OLD_MANIFEST_TYPE
}

const shape = new Shape('bad-manifest')

/**
 * Reads a manifest from its statement's exact bytes. Refused are names that lead out of the model's folder, stand twice
 * or are not in their shortest spelling, digests other than SHA-256, files in shards, and a subject that is not the
 * digest of the list. Unknown fields are ignored (section 5.2.1). Throws `bad-manifest` and what `parseJson` throws.
 */
export function parseManifest(bytes: Uint8Array, suite: Suite): Manifest {
  const limits = { maxBytes: MAX_MANIFEST_BYTES, maxDepth: 16, maxKeys: 6 * MAX_RESOURCES }
  const root = shape.object(parseJson(bytes, limits), 'manifest')
  shape.literal(root._type, '_type', [STATEMENT_TYPE])
  const type = shape.literal(root.predicateType, 'predicateType', [MANIFEST_TYPE, OLD_MANIFEST_TYPE])
  return type === MANIFEST_TYPE ? manifestOf(root, suite) : oldManifestOf(root)
}

function manifestOf(root: JsonObject, suite: Suite): Manifest {
  const subjects = shape.array(root.subject, 'subject', 1)
  const subject = shape.object(subjects[0], 'subject[0]')
  const predicate = shape.object(root.predicate, 'predicate')
  const how = shape.object(predicate.serialization, 'serialization')
  shape.literal(how.method, 'serialization.method', ['files'])
  shape.literal(how.hash_type, 'serialization.hash_type', ['sha256'])
  if (how.allow_symlinks !== undefined && typeof how.allow_symlinks !== 'boolean')
    shape.fail('serialization.allow_symlinks', 'a boolean')
  const resources = shape.array(predicate.resources, 'resources', MAX_RESOURCES).map((item, i) => {
    const fields = shape.object(item, `resources[${i}]`)
    shape.literal(fields.algorithm, `resources[${i}].algorithm`, ['sha256'])
    return resourceOf(fields.name, fields.digest, `resources[${i}]`)
  })
  expectNames(resources, 'resources')
  const digest = shape.digest(
    shape.object(subject.digest, 'subject[0].digest').sha256,
    'subject[0].digest.sha256',
  )
  if (digest !== rootDigest(resources, suite))
    shape.fail('subject[0].digest', 'the digest of the resources, which this is not')
  return {
    name: shape.string(subject.name, 'subject[0].name', MAX_NAME),
    root: digest,
    resources,
    allowSymlinks: how.allow_symlinks === true,
    ignorePaths: shape
      .array(how.ignore_paths ?? [], 'serialization.ignore_paths', MAX_IGNORED)
      .map((path, i) => shape.string(path, `serialization.ignore_paths[${i}]`, MAX_NAME)),
    type: MANIFEST_TYPE,
  }
}

function oldManifestOf(root: JsonObject): Manifest {
  const resources = shape.array(root.subject, 'subject', MAX_RESOURCES).map((item, i) => {
    const fields = shape.object(item, `subject[${i}]`)
    const digest = shape.object(fields.digest, `subject[${i}].digest`)
    return resourceOf(fields.name, digest.sha256, `subject[${i}]`)
  })
  expectNames(resources, 'subject')
  return { name: '', resources, allowSymlinks: false, ignorePaths: [], type: OLD_MANIFEST_TYPE }
}

function resourceOf(name: Json | undefined, digest: Json | undefined, where: string): Resource {
  const text = shape.string(name, `${where}.name`, MAX_NAME)
  if (!isResourceName(text) && text !== ONE_FILE)
    shape.fail(`${where}.name`, 'a path under the folder of the model, in its shortest spelling')
  return { name: text, sha256: shape.digest(digest, `${where}.digest`) }
}

function expectNames(resources: readonly Resource[], where: string): void {
  if (resources.length === 0) shape.fail(where, 'at least one file')
  const names = new Set(resources.map(({ name }) => name))
  if (names.size !== resources.length) shape.fail(where, 'each name once')
  for (const name of names)
    for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1))
      if (names.has(name.slice(0, slash))) shape.fail(where, 'no file in place of a folder')
  if (resources.length > 1 && resources.some(({ name }) => name === ONE_FILE))
    shape.fail(where, `no "${ONE_FILE}" beside other files`)
}

/** Whether a name is a relative path in its one spelling (section 6.1.2): it can be joined to a folder and stays there. */
export function isResourceName(name: string): boolean {
  // A backslash and a drive's colon lead elsewhere on Windows. Controls would end a line or a name somewhere.
  if (name.length === 0 || name.length > MAX_NAME || /[\\\p{Cc}]|^[A-Za-z]:/u.test(name)) return false
  return name.isWellFormed() && name.split('/').every(part => part !== '' && part !== '.' && part !== '..')
}

/** SHA-256 over the digests' bytes, in the order given (section 6.5.1), in hex. */
export function rootDigest(resources: readonly Resource[], suite: Suite): string {
  return suite.sha256Hex(concat(...resources.map(({ sha256 }) => fromHex(sha256, 32))))
}

/**
 * The exact bytes of a manifest, in the order of names by code point (section 5.2.1). Throws `bad-manifest` for what
 * `parseManifest` would refuse.
 */
export function formatManifest(
  { name, resources, ignorePaths = [] }: Pick<Manifest, 'name' | 'resources'> & { ignorePaths?: string[] },
  suite: Suite,
): Uint8Array {
  const sorted = [...resources].sort((a, b) => compareNames(a.name, b.name))
  for (const [i, resource] of sorted.entries()) resourceOf(resource.name, resource.sha256, `resources[${i}]`)
  expectNames(sorted, 'resources')
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name, digest: { sha256: rootDigest(sorted, suite) } }],
    predicateType: MANIFEST_TYPE,
    predicate: {
      serialization: {
        method: 'files',
        hash_type: 'sha256',
        allow_symlinks: false,
        ...(ignorePaths.length > 0 && { ignore_paths: ignorePaths }),
      },
      resources: sorted.map(resource => ({
        name: resource.name,
        algorithm: 'sha256',
        digest: resource.sha256,
      })),
    },
  }
  const bytes = utf8(JSON.stringify(statement, undefined, 2))
  if (bytes.length > MAX_MANIFEST_BYTES) shape.fail('manifest', `at most ${MAX_MANIFEST_BYTES} bytes`)
  return bytes
}

/** By code point, which is not how JavaScript compares. */
export function compareNames(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** What a manifest is named by: SHA-256 of its statement's exact bytes, in hex. */
export function manifestDigest(bytes: Uint8Array, suite: Suite): string {
  return suite.sha256Hex(bytes)
}

/** How files compare with a manifest, by their names in it. */
export interface Difference {
  /** In the manifest, and not here. */
  missing: string[]
  /** Here, and not in the manifest. */
  extra: string[]
  /** Here with other bytes. */
  altered: string[]
}

/** Compares files with a manifest. A model that is one file is compared by its bytes alone where it is called `.`. */
export function compareManifest({ resources }: Manifest, files: readonly Resource[]): Difference {
  const [only] = resources
  if (only?.name === ONE_FILE && files.length === 1) {
    const [file] = files
    return { missing: [], extra: [], altered: file!.sha256 === only.sha256 ? [] : [file!.name] }
  }
  const here = new Map(files.map(({ name, sha256 }) => [name, sha256]))
  const difference: Difference = { missing: [], extra: [], altered: [] }
  for (const { name, sha256 } of resources) {
    const digest = here.get(name)
    if (digest === undefined) difference.missing.push(name)
    else if (digest !== sha256) difference.altered.push(name)
    here.delete(name)
  }
  difference.extra = [...here.keys()]
  return difference
}

export function isSame({ missing, extra, altered }: Difference): boolean {
  return missing.length === 0 && extra.length === 0 && altered.length === 0
}
