/** The start of a gateway with a signed model: who signed it, and whether every file is as it was signed. */
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { MAX_SIGNATURE_BYTES, ONE_FILE, parsePublisherKey, type SignedModel } from '@answerable/core/model'
import type { ModelSignatureConfig } from '../gateway/config.ts'
import { nodeSuite } from '../log/suite.ts'
import {
  type CheckedSignature,
  checkSignature,
  digestFile,
  readCertificates,
  type SignerTrust,
} from '../model-store/index.ts'

export interface SignedFiles {
  name: string
  version: string
  /** Whether its files may be fetched by anybody. */
  share: boolean
  signed: SignedModel
  /** The signature file. */
  bytes: Uint8Array
  files: { name: string; path: string; sha256: string; size: number }[]
  /** Throws `model-altered` unless this is the digest of the file that is served. */
  expect(sha256: string): void
}

/**
 * Checks the signature file that the configuration names for the model in `file`, then every file of its manifest.
 * `time` is Unix milliseconds. Throws `bad-config` where the key or the roots cannot be read, `bad-signature` and
 * `bad-certificate` where nobody that it names signed, and `model-altered` with the first file that is not as signed.
 */
export async function checkSignedFile(
  file: string,
  config: ModelSignatureConfig,
  time: number,
  about: { name: string; version: string; share: boolean },
): Promise<SignedFiles> {
  const bytes = await readSmall(config.file)
  const checked = await checkSignature(bytes, await trustOf(config, time)).catch(cause => {
    if (!(cause instanceof AnswerableError)) throw cause
    throw new AnswerableError(cause.code, `${config.file}: ${cause.message}`, { cause })
  })
  const folder = resolve(config.folder ?? dirname(file))
  const own = nameIn(folder, file, checked)
  const files: SignedFiles['files'] = []
  for (const { name, sha256 } of checked.manifest.resources) {
    const path = name === ONE_FILE ? resolve(file) : join(folder, name)
    const found = await digestFile(path).catch(cause => {
      throw new AnswerableError('model-altered', `${path}: signed as a part of ${about.name}, and not here`, {
        cause,
      })
    })
    if (found.sha256 !== sha256) throw altered(path, about.name, config.file)
    files.push({ name, path, ...found })
  }
  const served = files.find(({ name }) => name === own)!
  const { signer, digest } = checked
  return {
    ...about,
    bytes,
    files,
    signed: {
      manifest: digest,
      file: own,
      signature: hash('sha256', bytes),
      signer: {
        mode: signer.mode === 'certificate' ? 'certificate' : 'key',
        key: signer.key!,
        ...(signer.mode === 'certificate' && { name: signer.name }),
      },
    },
    expect(sha256) {
      // Between being compared and being opened it may have been replaced.
      if (sha256 !== served.sha256) throw altered(served.path, about.name, config.file)
    },
  }
}

function altered(path: string, model: string, signature: string): AnswerableError {
  return new AnswerableError(
    'model-altered',
    `${path}: not as it was signed (${signature}), so ${model} is not served; put the signed file back`,
  )
}

/** What the manifest calls the file that is served. */
function nameIn(folder: string, file: string, { manifest: { resources } }: CheckedSignature): string {
  if (resources[0]?.name === ONE_FILE) return ONE_FILE
  const name = relative(folder, resolve(file)).split(sep).join('/')
  if (resources.some(resource => resource.name === name)) return name
  throw new AnswerableError(
    'model-altered',
    `${file}: the signed manifest has no file ${name}; if it was signed in another folder, name that as signature.folder`,
  )
}

async function trustOf({ key, roots, asOf }: ModelSignatureConfig, time: number): Promise<SignerTrust> {
  if (key !== undefined) {
    const text = (await readSmall(key)).toString()
    return { mode: 'key', keys: [within(key, () => parsePublisherKey(text, nodeSuite))] }
  }
  const certificates = []
  for (const path of roots ?? []) {
    const text = (await readSmall(path)).toString()
    certificates.push(...within(path, () => readCertificates(text)))
  }
  return { mode: 'certificate', roots: certificates, time: asOf === undefined ? time : Date.parse(asOf) }
}

function within<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new AnswerableError('bad-config', `${path}: ${(cause as Error).message}`, { cause })
  }
}

async function readSmall(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch(cause => {
    throw new AnswerableError('bad-config', `${path}: cannot be read`, { cause })
  })
  if (bytes.length > MAX_SIGNATURE_BYTES) throw new AnswerableError('too-large', `${path}: over the bound`)
  return bytes
}
