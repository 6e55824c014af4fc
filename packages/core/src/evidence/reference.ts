/**
 * Reference values (RFC 9334 section 8.3): which measurements are of an image that somebody has looked at, and what that
 * image is. Stated in the registry, or in a reader's policy.
 */
import { type JsonObject, Shape } from '../shape.ts'
import { FORMATS, type Format } from './format.ts'

export interface ReferenceValue {
  format: Format
  /** Measurements, all of which must be as here. At least one. */
  measurements: Readonly<Record<string, string>>
  /** What image it is, in words. */
  image: string
  /** What it does: a `gateway` forwards to models elsewhere; a `model` answers from weights of its own. */
  role: 'gateway' | 'model'
  /**
   * The only weights that this image answers from: the digest of their manifest. It is part of what is measured, as a
   * dm-verity root or as a digest that the image checks before it loads a file.
   */
  weights?: { manifest: string; by: 'dm-verity' | 'manifest-digest' }
  /** Where the image came from. */
  provenance?: {
    /** SHA-256 of a Sigstore bundle over the image. */
    bundle?: string
    /** The source, and how anyone can build the same again. */
    source?: string
    reproducible?: boolean
  }
}

/**
 * Which measurements tell an image from any other, by format: all of one row must be named. Others beside them narrow it; by
 * themselves they are the same on every machine (`policy`, `vmpl`), or a workload can give itself whatever they should be (a
 * TDX register, under another firmware). In Azure's wrapper there is none: what is
 * measured there is the paravisor.
 */
const IDENTIFYING: Partial<Record<Format, readonly (readonly string[])[]>> = {
  nitro: [['pcr0'], ['pcr1', 'pcr2']],
  tdx: [
    ['mrtd', 'rtmr1'],
    ['mrtd', 'rtmr2'],
    ['mrtd', 'rtmr3'],
  ],
  sgx: [['mrenclave']],
  'sev-snp': [['measurement']],
  'azure-sev-snp': [],
  'confidential-space': [['image_digest'], ['image_id']],
  // Whoever asks Azure chooses whose word it is.
  maa: [
    ['issuer', 'x-ms-sevsnpvm-launchmeasurement'],
    ['issuer', 'tdx_mrtd', 'tdx_rtmr1'],
    ['issuer', 'tdx_mrtd', 'tdx_rtmr2'],
    ['issuer', 'tdx_mrtd', 'tdx_rtmr3'],
    ['issuer', 'x-ms-sgx-mrenclave'],
  ],
}
/** Of a register that nothing was measured into. */
const EMPTY = /^(?:sha256:)?0*$/

const shape = new Shape('bad-policy')
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
const MOST_MEASUREMENTS = 64

/** Throws `bad-policy`, or what `by` makes of it. */
export function parseReferenceValue(value: unknown, where: string, by: Shape = shape): ReferenceValue {
  const root = by.object(value, where)
  const measurements = Object.entries(by.object(root.measurements, `${where}.measurements`))
  if (measurements.length === 0 || measurements.length > MOST_MEASUREMENTS)
    by.fail(`${where}.measurements`, `1 to ${MOST_MEASUREMENTS} measurements`)
  const reference: ReferenceValue = {
    format: by.literal(root.format, `${where}.format`, FORMATS),
    measurements: Object.fromEntries(
      measurements.map(([name, one]) => [
        by.string(name, `${where}.measurements`, 64, NAME, 'names of measurements'),
        by.string(one, `${where}.measurements.${name}`, 1024),
      ]),
    ),
    image: by.string(root.image, `${where}.image`, 256),
    role: by.literal(root.role, `${where}.role`, ['gateway', 'model']),
  }
  requireIdentity(reference, `${where}.measurements`, by)
  if (root.weights !== undefined) {
    const weights = by.object(root.weights, `${where}.weights`)
    reference.weights = {
      manifest: by.digest(weights.manifest, `${where}.weights.manifest`),
      by: by.literal(weights.by, `${where}.weights.by`, ['dm-verity', 'manifest-digest']),
    }
    // What forwards elsewhere has no weights of its own.
    if (reference.role === 'gateway') by.fail(`${where}.weights`, 'no weights where the role is "gateway"')
  }
  if (root.provenance !== undefined)
    reference.provenance = provenanceOf(by.object(root.provenance, `${where}.provenance`), where, by)
  return reference
}

/** Refuses what many images have, or any. */
function requireIdentity({ format, measurements }: ReferenceValue, where: string, by: Shape): void {
  const says = (name: string) => Object.hasOwn(measurements, name) && !EMPTY.test(measurements[name]!)
  const rows = IDENTIFYING[format]
  if (rows === undefined) {
    if (!Object.keys(measurements).some(says)) by.fail(where, 'a measurement that is not all zeros')
    return
  }
  if (rows.length === 0)
    by.fail(where, `another format: of ${format} no measurement is of the image, but of what is under it`)
  if (!rows.some(names => names.every(says)))
    by.fail(
      where,
      `what tells an image of ${format} from others, and is not all zeros: ${rows.map(names => names.join(' and ')).join(', or ')}`,
    )
}

function provenanceOf(
  fields: JsonObject,
  where: string,
  by: Shape,
): NonNullable<ReferenceValue['provenance']> {
  const provenance: NonNullable<ReferenceValue['provenance']> = {}
  if (fields.bundle !== undefined) provenance.bundle = by.digest(fields.bundle, `${where}.provenance.bundle`)
  if (fields.source !== undefined)
    provenance.source = by.string(fields.source, `${where}.provenance.source`, 1024)
  if (fields.reproducible !== undefined) {
    if (typeof fields.reproducible !== 'boolean') by.fail(`${where}.provenance.reproducible`, 'true or false')
    provenance.reproducible = fields.reproducible
  }
  return provenance
}

/** Whether measurements are those of a reference value: of its format, and all that it names. */
export function matchesReference(
  { format, measurements }: Pick<ReferenceValue, 'format' | 'measurements'>,
  found: { format: Format; measurements: Readonly<Record<string, string>> },
): boolean {
  if (format !== found.format) return false
  return Object.entries(measurements).every(
    ([name, value]) => Object.hasOwn(found.measurements, name) && found.measurements[name] === value,
  )
}
