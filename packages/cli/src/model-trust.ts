/** Who must have signed a model: keys, roots or a Sigstore identity from options, or else the publishers trusted here. */
import { AnswerableError } from '@answerable/core'
import { parsePublisherKey, type TrustedPublisher } from '@answerable/core/model'
import { nodeSuite } from '@answerable/node/log'
import { readCertificates, type Signer, type SignerTrust } from '@answerable/node/model-store'
import { required } from './command.ts'
import { readInput, readTime } from './input.ts'
import { program } from './program.ts'
import { PublisherStore } from './publisher-store.ts'

export const SIGNER_OPTIONS = {
  key: { type: 'string', multiple: true },
  root: { type: 'string', multiple: true },
  'as-of': { type: 'string' },
  sigstore: { type: 'string' },
  identity: { type: 'string' },
  issuer: { type: 'string' },
} as const

export interface SignerValues {
  key?: string[]
  root?: string[]
  'as-of'?: string
  sigstore?: string
  identity?: string
  issuer?: string
}

const MOST_BYTES = 4 << 20

/** Throws `bad-request` for options that do not go together, or where nobody is trusted at all. */
export async function readSignerTrust(values: SignerValues): Promise<SignerTrust> {
  const modes = [values.key, values.root, values.sigstore].filter(value => value !== undefined)
  if (modes.length > 1) throw new AnswerableError('bad-request', 'give one of --key, --root and --sigstore')
  if (values.root !== undefined) {
    const roots = []
    for (const path of values.root) roots.push(...readCertificates(await readText(path)))
    const asOf = values['as-of']
    return { mode: 'certificate', roots, time: asOf === undefined ? Date.now() : readTime(asOf, '--as-of') }
  }
  if (values.sigstore !== undefined)
    return {
      mode: 'sigstore',
      trustedRoot: await readInput(values.sigstore, MOST_BYTES),
      identity: required(values.identity, '--identity'),
      issuer: required(values.issuer, '--issuer'),
    }
  if (values.key !== undefined) {
    const keys = []
    for (const path of values.key) keys.push(parsePublisherKey(await readText(path), nodeSuite))
    return { mode: 'key', keys }
  }
  const keys = publishers().map(({ key }) => key)
  if (keys.length === 0)
    throw new AnswerableError(
      'bad-request',
      `you trust no publisher yet: give --key, --root or --sigstore, or add one with: ${program()} trust publisher`,
    )
  return { mode: 'key', keys }
}

export function publishers(): TrustedPublisher[] {
  return new PublisherStore().all()
}

/** Under the reader's own name, where the key has one. */
export function signerWords({ name, key }: Signer): string {
  const known = publishers().find(one => one.key.id === key)
  return known === undefined ? name : `${known.name} (${name})`
}

async function readText(path: string): Promise<string> {
  return Buffer.from(await readInput(path, MOST_BYTES)).toString()
}
