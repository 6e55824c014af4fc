/**
 * Linux's own way to evidence of a confidential machine (Documentation/ABI/testing/configfs-tsm-report, Linux 6.7): a folder
 * made under /sys/kernel/config/tsm/report is one request, and its files are what is asked and answered. TDX and
 * SEV-SNP have it.
 */
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import type { Endorsement, Format } from '@answerable/core/evidence'
import {
  type Attested,
  type Attester,
  attesterError,
  inTime,
  MAX_EVIDENCE_BYTES,
  reportDataFor,
} from './attester.ts'
import { hostCertificates } from './snp-certificates.ts'

export const TSM_ROOT = '/sys/kernel/config/tsm/report'

/** As much of node:fs as this needs. */
export interface TsmFiles {
  mkdir(path: string): Promise<unknown>
  writeFile(path: string, bytes: Uint8Array): Promise<void>
  readFile(path: string): Promise<Uint8Array>
  rmdir(path: string): Promise<void>
}

const realFiles: TsmFiles = {
  mkdir: path => fs.mkdir(path),
  // One write: the kernel takes the whole of it or none.
  writeFile: (path, bytes) => fs.writeFile(path, bytes, { flag: 'r+' }),
  readFile: path => fs.readFile(path),
  rmdir: path => fs.rmdir(path),
}

/** By the kernel's names of its drivers. */
const PROVIDERS: Readonly<Record<string, Format>> = { tdx_guest: 'tdx', sev_guest: 'sev-snp' }

export interface TsmOptions {
  root?: string
  timeoutMs: number
  files?: TsmFiles
}

const KIND = 'configfs-tsm'

export function tsmAttester({ root = TSM_ROOT, timeoutMs, files = realFiles }: TsmOptions): Attester {
  return {
    kind: KIND,
    attest: (data, signal) =>
      inTime(KIND, timeoutMs, signal, async () => {
        // A folder of our own: nobody else's request gets between.
        const entry = join(root, `answerable-${randomBytes(8).toString('hex')}`)
        await files.mkdir(entry).catch(cause => {
          throw attesterError(KIND, `${root}: ${reasonOf(cause)}`, cause)
        })
        try {
          return await report(files, entry, data)
        } finally {
          await files.rmdir(entry).catch(() => undefined)
        }
      }),
  }
}

async function report(files: TsmFiles, entry: string, data: Uint8Array): Promise<Attested> {
  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await files.readFile(join(entry, name)).catch(cause => {
      throw attesterError(KIND, `${name}: ${reasonOf(cause)}`, cause)
    })
    if (bytes.length > MAX_EVIDENCE_BYTES)
      throw attesterError(KIND, `${name}: over ${MAX_EVIDENCE_BYTES} bytes`)
    return bytes
  }
  const generation = async () => {
    const text = textOf(await read('generation'))
    if (!/^\d{1,20}$/.test(text)) throw attesterError(KIND, 'generation: not a number')
    return BigInt(text)
  }
  const provider = textOf(await read('provider'))
  const format = Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined
  if (format === undefined)
    throw attesterError(KIND, `its provider is ${provider.replace(/[^\w-]/g, '?')}, which is not known here`)
  const before = await generation()
  await files.writeFile(join(entry, 'inblob'), reportDataFor(format, data)).catch(cause => {
    throw attesterError(KIND, `inblob: ${reasonOf(cause)}`, cause)
  })
  const bytes = await read('outblob')
  const aux = format === 'sev-snp' ? await auxOf(files, entry) : new Uint8Array(0)
  // The kernel counts writes: one more would mean that this report is of somebody else's bytes.
  const after = await generation()
  if (after !== before + 1n)
    throw attesterError(KIND, 'another process wrote into the same request; ask again')
  if (bytes.length === 0) throw attesterError(KIND, 'outblob: empty')
  const endorsements: Endorsement[] = hostCertificates(aux).map(der => ({
    kind: 'certificate',
    bytes: der,
  }))
  return { format, bytes, endorsements }
}

/** Certificates that the host put there, if it did: nothing depends on them. */
async function auxOf(files: TsmFiles, entry: string): Promise<Uint8Array> {
  const bytes = await files.readFile(join(entry, 'auxblob')).catch(() => new Uint8Array(0))
  return bytes.length > MAX_EVIDENCE_BYTES ? new Uint8Array(0) : bytes
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 64)).toString('latin1').trim()
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'not there; this kernel or machine has none, or configfs is not mounted',
  EACCES: 'may not be used by this user; it takes root, or a group that owns it',
  EPERM: 'may not be used by this user; it takes root, or a group that owns it',
  ENXIO: 'this machine is not a confidential one',
  EBUSY: 'busy; ask again',
  EWOULDBLOCK: 'another process wrote into the same request; ask again',
  EAGAIN: 'another process wrote into the same request; ask again',
}

function reasonOf(cause: unknown): string {
  const { code = 'failed' } = cause as NodeJS.ErrnoException
  return REASONS[code] ?? `failed (${code})`
}
