/** A device's measurements against the manifests that NVIDIA signed for its driver and its VBIOS. */
import { type Certificate, checkChain } from '../../x509/index.ts'
import { type Check, check } from '../check.ts'
import { readAll } from '../endorsements.ts'
import type { AppraisalContext } from '../format.ts'
import { rootSet } from '../roots.ts'
import type { Device } from './device.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import type { DeviceReport } from './report.ts'
import { type Answers, chainStatus } from './revocation.ts'

export interface Comparison {
  /** Absent where no manifest came along that could be about it. */
  measurement?: Check
  /** Whether all that NVIDIA has manifests for was compared, and is as they say. */
  matched: boolean
  /** What is wrong with the manifests themselves. */
  faults: Check[]
  expired: Check[]
  window: { from: number; until: number }
}

/** What is measured of the first video decoder, which does not count where it is off (nvtrust, verifier.py). */
const DECODER = 36
const MOST_LISTED = 24

export function compareWithManifests(
  { measurements }: DeviceReport,
  device: Device,
  answers: Answers,
  context: AppraisalContext,
): Comparison {
  const result: Comparison = {
    matched: false,
    faults: [],
    expired: [],
    window: { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY },
  }
  const parts = [
    ...(device.kind === 'nvidia-gpu' ? [{ name: 'driver', version: device.driver }] : []),
    { name: 'VBIOS', version: device.vbios },
  ].map(part => ({ ...part, manifests: [] as Manifest[] }))
  const others: string[] = []
  const brought = readAll(context.endorsements, 'rim', parseManifest)
  for (const { code, message } of brought.faults) {
    const reason = code === 'bad-signature' ? 'bad-endorsement-signature' : 'bad-endorsement'
    result.faults.push(check('platform', 'fail', reason, message))
  }
  for (const manifest of brought.read) {
    const part = parts.find(({ version }) => version?.toLowerCase() === manifest.version.toLowerCase())
    if (part === undefined || isOfAnother(device, part.name, manifest)) others.push(manifest.version)
    else if (isBelieved(manifest, result, answers, context)) part.manifests.push(manifest)
  }
  const differing = new Set<number>()
  const compared = new Set<number>()
  const lacking: string[] = []
  for (const { name, version, manifests } of parts) {
    // Boards of one version of a VBIOS differ; that of any will do, since NVIDIA signed each.
    const [best] = manifests
      .map(manifest => ({ manifest, found: differences(manifest.expected, measurements, device.decoderOff) }))
      .sort((a, b) => a.found.length - b.found.length)
    if (best === undefined) {
      lacking.push(`${name} ${version ?? 'of no version'}`)
      continue
    }
    for (const index of best.found) differing.add(index)
    for (const index of best.manifest.expected.keys())
      if (!isLeftOut(index, device.decoderOff)) compared.add(index)
    if (best.manifest.asksMore) lacking.push(`what else the manifest for its ${name} asks for`)
  }
  if (differing.size > 0)
    result.measurement = check(
      'measurement',
      'fail',
      'measurement-differs-from-reference',
      `NVIDIA’s manifests say otherwise of measurement ${listed(differing)}`,
    )
  else if (lacking.length === 0) {
    result.matched = true
    result.measurement = check(
      'measurement',
      'pass',
      'measurement-matches-reference',
      `NVIDIA’s manifests for ${parts.map(({ name, version }) => `${name} ${version}`).join(' and ')} have the same ${compared.size} measurements: ${listed(compared)}`,
    )
  } else if (compared.size > 0)
    result.measurement = check(
      'measurement',
      'not-checked',
      'no-reference-values',
      `as NVIDIA’s manifest says are only ${listed(compared)}; for ${lacking.join(' and ')} none came along`,
    )
  else if (others.length > 0)
    result.measurement = check(
      'measurement',
      'not-checked',
      'no-reference-values',
      `the manifests that came along are for others: ${others.slice(0, 4).join(', ')}`,
    )
  return result
}

/** Drivers of one version have a manifest for each kind of chip. */
function isOfAnother({ chip }: Device, part: string, { product }: Manifest): boolean {
  return (
    part === 'driver' &&
    chip !== undefined &&
    product !== undefined &&
    chip.slice(0, 2) !== product.slice(0, 2)
  )
}

/** Whether NVIDIA signed it, under the reader's roots; if not, or no longer, the result says so. */
function isBelieved(
  { document, version }: Manifest,
  result: Comparison,
  answers: Answers,
  context: AppraisalContext,
): boolean {
  const { policy, time, suite } = context
  const fault = (reason: 'bad-endorsement' | 'bad-endorsement-signature', detail: string): false => {
    result.faults.push(check('platform', 'fail', reason, `manifest for ${version}: ${detail}`))
    return false
  }
  const [leaf, ...others] = document.certificates as [Certificate, ...Certificate[]]
  if (document.isSigned(suite) !== 'good')
    return fault('bad-endorsement-signature', `the key of ${leaf.subject.text} did not sign it`)
  const roots = rootSet(policy.roots, 'nvidia-rim')
  const chain = checkChain({ leaf, others, roots, time, use: 'digital-signature', suite })
  if (chain.fault) return fault('bad-endorsement', chain.fault.detail)
  if (chain.timeFault) {
    const reason =
      chain.timeFault.reason === 'certificate-expired' ? 'endorsement-expired' : 'endorsement-not-yet-valid'
    result.expired.push(
      check('validity', 'fail', reason, `manifest for ${version}: ${chain.timeFault.detail}`),
    )
  }
  // Nobody has to ask about who signed a manifest; what came along and revokes them counts.
  const status = chainStatus(chain.path, answers, context)
  if (status.check.outcome === 'fail') {
    result.faults.push(status.check)
    return false
  }
  for (const { from, until } of [chain.window, status.window]) {
    result.window.from = Math.max(result.window.from, from)
    result.window.until = Math.min(result.window.until, until)
  }
  return true
}

/** Numbers of the measurements that are none of those that they should be. */
function differences(
  expected: Manifest['expected'],
  measurements: DeviceReport['measurements'],
  decoderOff: boolean,
): number[] {
  return [...expected]
    .filter(
      ([index, values]) => !isLeftOut(index, decoderOff) && !values.includes(measurements.get(index) ?? ''),
    )
    .map(([index]) => index)
}

function isLeftOut(index: number, decoderOff: boolean): boolean {
  return index === DECODER && decoderOff
}

function listed(indexes: ReadonlySet<number>): string {
  const all = [...indexes].sort((a, b) => a - b)
  const shown = all.slice(0, MOST_LISTED).join(', ')
  return all.length > MOST_LISTED ? `${shown} and ${all.length - MOST_LISTED} more` : shown
}
