/**
 * Pulling a model from another node. What that node says is believed in nothing: the manifest is signed by somebody the
 * reader trusts, each file must have the digest that the manifest names, and sizes bound what is taken.
 *
 * A file that was cut off goes on where it ended (RFC 9110 section 14, ranges), also in another run.
 */
import { AnswerableError, parseJson } from '@answerable/core'
import { MAX_RESOURCES, MAX_SIGNATURE_BYTES, type Resource } from '@answerable/core/model'
import { type CheckedSignature, checkSignature, type SignerTrust } from './check-signature.ts'
import { type ModelStore, missingOf, type StoredModel } from './store.ts'

/** A model that a node offers, in its own words. */
export interface Offered {
  name: string
  version: string
  manifest: string
  files: { name: string; sha256: string; size: number }[]
}

export interface PullOptions {
  /** The node's address, with `/models` below it. */
  url: URL
  store: ModelStore
  trust: SignerTrust
  /** Bytes of all files together. */
  most: number
  /** How long nothing may come, in milliseconds. */
  idleMs?: number
  /** How often a file that is cut off is taken up again. */
  attempts?: number
  signal?: AbortSignal
  progress?: (done: number, total: number) => void
  fetch?: typeof fetch
}

const MAX_LIST_BYTES = 16 << 20
const MOST_OFFERED = 1024

/** The models that a node offers. Throws `unavailable`, `not-found` and `bad-shape`. */
export async function listOffered(
  options: Pick<PullOptions, 'url' | 'idleMs' | 'signal' | 'fetch'>,
): Promise<Offered[]> {
  const bytes = await getSmall('models', MAX_LIST_BYTES, options)
  const { models } = parseJson(bytes, { maxBytes: MAX_LIST_BYTES, maxKeys: 1 << 20 }) as { models?: unknown }
  if (!Array.isArray(models) || models.length > MOST_OFFERED || !models.every(isOffered))
    throw new AnswerableError('bad-shape', `${options.url.origin}: what it answers is no list of models`)
  return models
}

/**
 * Brings a model into the store. Throws `bad-signature` and others of `checkSignature`, `model-altered` for a file with
 * other bytes, `too-large`, and `unavailable` where the node is gone; what came until then is kept for the next time.
 */
export async function pullModel(offered: Offered, options: PullOptions): Promise<StoredModel> {
  const { store, trust, most, url, progress } = options
  const signature = await getSmall(`models/${offered.manifest}/signature`, MAX_SIGNATURE_BYTES, options)
  const checked = await checkSignature(signature, trust)
  if (checked.digest !== offered.manifest)
    throw new AnswerableError('model-altered', `${offered.name}: the signature is of another manifest`)
  const sizes = new Map(offered.files.map(({ sha256, size }) => [sha256, size]))
  const sizeOf = ({ name, sha256 }: Resource): number => {
    const size = sizes.get(sha256)
    if (size === undefined) throw new AnswerableError('not-found', `${url.origin} does not offer ${name}`)
    return size
  }
  const { resources } = checked.manifest
  const missing = await missingOf(store, resources)
  const total = missing.reduce((sum, resource) => sum + sizeOf(resource), 0)
  if (total > most)
    throw new AnswerableError('too-large', `${offered.name}: ${total} bytes, over the bound of ${most}`)
  let before = 0
  for (const resource of missing) {
    const size = sizeOf(resource)
    await pullFile(resource, size, options, done => progress?.(before + done, total))
    await store.admit(resource.sha256, resource.name)
    before += size
  }
  const model = await describe(offered, checked, options)
  await store.put(model, signature)
  return model
}

async function describe(
  { name, version }: Offered,
  { manifest, digest, signer }: CheckedSignature,
  { store, url }: PullOptions,
): Promise<StoredModel> {
  const files = await Promise.all(
    manifest.resources.map(async resource => {
      // A manifest of a single file may name none; here it needs one.
      const own = resource.name === '.' ? name.replace(/[^A-Za-z0-9._-]/g, '-') : resource.name
      return { name: own, sha256: resource.sha256, size: (await store.has(resource.sha256)) ?? 0 }
    }),
  )
  return {
    name,
    version,
    manifest: digest,
    from: url.href,
    added: new Date().toISOString(),
    signer: signer.name,
    files,
  }
}

/** Leaves the whole file as a partial one; the store compares it. */
async function pullFile(
  { name, sha256 }: Resource,
  size: number,
  options: PullOptions,
  progress: (done: number) => void,
): Promise<void> {
  const { attempts = 5 } = options
  for (let attempt = 1; ; attempt++) {
    const { file, size: had } = await options.store.openPartial(sha256)
    try {
      if (had > size) await file.truncate(0)
      const at = had > size ? 0 : had
      progress(at)
      if (at === size) return
      await takeRange(name, sha256, at, size, file, options, progress)
      return
    } catch (error) {
      const { size: has } = await file.stat()
      // As long as more comes each time it goes on; a node that gives nothing is asked a few times.
      if (has > had) attempt = 0
      const again = error instanceof AnswerableError && error.code === 'unavailable' && attempt < attempts
      if (!again || options.signal?.aborted) throw error
    } finally {
      await file.close()
    }
  }
}

type Handle = Awaited<ReturnType<ModelStore['openPartial']>>['file']

async function takeRange(
  name: string,
  sha256: string,
  from: number,
  size: number,
  file: Handle,
  options: PullOptions,
  progress: (done: number) => void,
): Promise<void> {
  const { url } = options
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {}
  await asking(`models/files/${sha256}`, headers, options, async (response, alive) => {
    let at = from
    if (from > 0 && response.status === 200) {
      // This node knows no ranges.
      await file.truncate(0)
      at = 0
    } else if (from > 0 && response.status === 206) {
      const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')
      if (Number(range?.[1]) !== from || Number(range?.[2]) !== size)
        throw new AnswerableError('bad-shape', `${url.origin}: answers with another part of ${name}`)
    }
    for await (const piece of response.body ?? []) {
      alive()
      if (at + piece.length > size)
        throw new AnswerableError('too-large', `${url.origin}: gives more of ${name} than it said`)
      await file.appendFile(piece).catch(cause => {
        throw new AnswerableError('not-writable', `${name}: cannot be written`, { cause })
      })
      at += piece.length
      progress(at)
    }
    if (at < size)
      throw new AnswerableError('unavailable', `${url.origin}: ${name} was cut off at ${at} bytes`)
  })
}

async function getSmall(
  path: string,
  most: number,
  options: Pick<PullOptions, 'url' | 'idleMs' | 'signal' | 'fetch'>,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  await asking(path, {}, options, async (response, alive) => {
    for await (const piece of response.body ?? []) {
      alive()
      length += piece.length
      if (length > most)
        throw new AnswerableError('too-large', `${options.url.origin}: answers with over ${most} bytes`)
      parts.push(piece)
    }
  })
  return Buffer.concat(parts)
}

/** Asks, and hands over an answer of 200 or 206. Throws `unavailable` where nothing comes for too long. */
async function asking(
  path: string,
  headers: Record<string, string>,
  {
    url,
    idleMs = 30_000,
    signal,
    fetch: send = fetch,
  }: Pick<PullOptions, 'url' | 'idleMs' | 'signal' | 'fetch'>,
  read: (response: Response, alive: () => void) => Promise<void>,
): Promise<void> {
  const idle = new AbortController()
  let timer = setTimeout(() => idle.abort(), idleMs)
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => idle.abort(), idleMs)
  }
  const at = new URL(url)
  at.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`
  try {
    const signals = signal === undefined ? [idle.signal] : [idle.signal, signal]
    const response = await send(at, {
      // What is measured in ranges must not be encoded on the way.
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'error',
      signal: AbortSignal.any(signals),
    })
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel()
      const code = response.status === 404 ? 'not-found' : 'unavailable'
      throw new AnswerableError(code, `${at.href}: answers with status ${response.status}`)
    }
    await read(response, alive)
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    if (signal?.aborted) throw cause
    const why = idle.signal.aborted ? `nothing came for ${idleMs / 1000} s` : reasonOf(cause)
    throw new AnswerableError('unavailable', `${url.origin}: ${why}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
}

const DIGEST = /^[0-9a-f]{64}$/

function isOffered(value: unknown): value is Offered {
  if (value === null || typeof value !== 'object') return false
  const { name, version, manifest, files } = value as Record<string, unknown>
  if (typeof name !== 'string' || typeof version !== 'string' || !DIGEST.test(String(manifest))) return false
  if (name.length > 128 || version.length > 64) return false
  return Array.isArray(files) && files.length <= MAX_RESOURCES && files.every(isOfferedFile)
}

function isOfferedFile(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false
  const { name, sha256, size } = value as Record<string, unknown>
  return (
    typeof name === 'string' && DIGEST.test(String(sha256)) && Number.isSafeInteger(size) && Number(size) >= 0
  )
}
