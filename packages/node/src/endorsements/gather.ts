/**
 * Endorsements for each item of an evidence document: whom to ask follows from its format, what to ask from what it says of
 * itself. A service that fails leaves a gap, which the appraisal names; it stops nothing.
 */
import { AnswerableError, fromBase64, fromUtf8, parseJson } from '@answerable/core'
import type { Endorsement, EvidenceItem } from '@answerable/core/evidence'
import { type Certificate, parseCertificate, readPem } from '@answerable/core/x509'
import type { EndorsementServices } from '../attester/config.ts'
import type { Fetch } from '../witness/exchange.ts'
import { amdCertificates } from './amd.ts'
import { intelCollateral } from './intel.ts'
import { manifestsOf } from './manifests.ts'
import { ocspAnswers, referenceManifest } from './nvidia.ts'
import { ask, type ServiceOptions } from './service.ts'

export interface GatherOptions {
  services: EndorsementServices
  /** SHA-256 fingerprints of Intel's root. */
  intelRoots: readonly string[]
  fetch?: Fetch
  signal?: AbortSignal
  pauseMs?: number
}

export interface Gathered {
  endorsements: Endorsement[]
  /** What did not come, and why, a line each. */
  problems: string[]
}

const MOST_KEYS = 64 * 1024
const MOST_CERTIFICATES = 8

/** `known` came along with the evidence. Never rejects for what a service does. */
export async function gatherEndorsements(
  item: EvidenceItem,
  known: readonly Endorsement[],
  { services, intelRoots, fetch, signal, pauseMs }: GatherOptions,
): Promise<Gathered> {
  const { format, bytes } = item
  const { timeoutSeconds, attempts } = services
  const options: ServiceOptions = {
    timeoutMs: timeoutSeconds * 1000,
    attempts,
    ...(fetch && { fetch }),
    ...(signal && { signal }),
    ...(pauseMs !== undefined && { pauseMs }),
  }
  const found: Endorsement[] = [...known]
  const problems: string[] = []
  const add = async (who: string, base: string | null, get: (base: string) => Promise<Endorsement[]>) => {
    if (base === null) return
    try {
      for (const one of await get(base)) if (!found.some(other => isSame(one, other))) found.push(one)
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
      problems.push(`${who}: ${error.message}`)
    }
  }
  switch (format) {
    case 'tdx':
    case 'sgx':
      await add('Intel', services.intel, async base => [
        await intelCollateral(bytes, format, { ...options, base, roots: intelRoots }),
      ])
      break
    case 'sev-snp':
      await add('AMD', services.amd, base => amdCertificates(bytes, known, { ...options, base }))
      break
    case 'azure-sev-snp':
      await add('AMD', services.amd, base =>
        amdCertificates(bytes.subarray(AZURE_REPORT_AT), known, { ...options, base }),
      )
      break
    case 'nvidia-gpu':
    case 'nvidia-switch':
      await add('NVIDIA’s OCSP', services.nvidiaOcsp, url => ocspAnswers(chainIn(bytes), `${url}/`, options))
      for (const id of manifestsOf(item))
        await add('NVIDIA’s manifests', services.nvidiaRim, async base => [
          await referenceManifest(id, base, options),
        ])
      break
    case 'nras':
      await add('NVIDIA’s keys', services.nrasKeys, url => keySet(url, options))
      break
    case 'maa':
      await add('Azure’s keys', services.maaKeys, url => keySet(url, options))
      break
    // These bring all that they need.
    case 'nitro':
    case 'confidential-space':
      break
  }
  return { endorsements: found, problems }
}

/** Azure's wrapper begins with a header of 32 bytes, then the report. */
const AZURE_REPORT_AT = 32

async function keySet(url: string, options: ServiceOptions): Promise<Endorsement[]> {
  const { bytes } = await ask({ url, most: MOST_KEYS }, options)
  try {
    const { keys } = parseJson(bytes, { maxBytes: MOST_KEYS, maxDepth: 8 }) as { keys?: unknown }
    if (!Array.isArray(keys)) throw new TypeError('no field keys')
  } catch (cause) {
    throw new AnswerableError('unavailable', `${new URL(url).host}: the answer is not a key set`, { cause })
  }
  return [{ kind: 'jwks', bytes }]
}

/** Certificates in a device's evidence: PEM, as it is or as base64 in a field of JSON. Throws `bad-evidence`. */
function chainIn(evidence: Uint8Array): Certificate[] {
  try {
    const text = Buffer.from(evidence).toString('latin1')
    const pem = text.trimStart().startsWith('{') || text.trimStart().startsWith('[') ? pemField(text) : text
    const from = pem.indexOf('-----BEGIN CERTIFICATE-----')
    const blocks = readPem(pem.slice(Math.max(0, from)))
    return blocks.slice(0, MOST_CERTIFICATES).map(({ bytes }) => parseCertificate(bytes))
  } catch (cause) {
    throw new AnswerableError('bad-evidence', 'the device’s evidence brings no chain of certificates', {
      cause,
    })
  }
}

function pemField(text: string): string {
  const root = parseJson(text, { maxBytes: text.length, maxDepth: 8 })
  const [one = {}] = (Array.isArray(root) ? root : [root]) as { certificate?: unknown }[]
  const { certificate } = one
  if (typeof certificate !== 'string') throw new TypeError('no field certificate')
  return certificate.startsWith('-----') ? certificate : fromUtf8(fromBase64(certificate))
}

function isSame(a: Endorsement, b: Endorsement): boolean {
  return a.kind === b.kind && Buffer.from(a.bytes).equals(b.bytes)
}
