/**
 * What a reader, or a charter, asks of evidence. It is data: two who hold the same policy, evidence, endorsements and time
 * come to the same verdict.
 */
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { CHECKS, type Check, type CheckName } from './check.ts'
import { FORMATS, type Format } from './format.ts'
import { parseReferenceValue, type ReferenceValue } from './reference.ts'
import { DEFAULT_ROOTS, ROOT_SETS, type RootSet, type Roots } from './roots.ts'

/** Intel's words for how up to date a platform is (Intel PCS API v4, tcbStatus). */
export const TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const
export type TcbStatus = (typeof TCB_STATUSES)[number]

/** Parts of AMD's TCB version; a part that a generation does not have is not compared. */
export const SNP_PARTS = ['fmc', 'bootloader', 'tee', 'snp', 'microcode'] as const
export type SnpPart = (typeof SNP_PARTS)[number]

export interface EvidencePolicy {
  /**
   * Checks that must pass, of every format and of each; none may fail, required or not. `signature` and `chain` must pass
   * whatever it says: what nobody is shown to have signed is no evidence.
   */
  require: Partial<Record<Format | 'every', readonly CheckName[]>>
  /** `accept` lets a machine in that its owner can look into; the check still says `fail`. */
  debug: 'refuse' | 'accept'
  /** Statuses that count as current. `Revoked` never does. */
  tcb: { tdx: readonly TcbStatus[]; sgx: readonly TcbStatus[] }
  snp: {
    /** The least TCB of each generation, in lower case; none unless told. */
    minimum: Readonly<Record<string, Partial<Record<SnpPart, number>>>>
    /** The highest VMPL that a report may be of. */
    vmpl: number
  }
  roots: Roots
  /** Reference values of the reader's own, beside those of the registry. */
  references: readonly ReferenceValue[]
  /** Who may have signed for where an image came from, and by whose word (Sigstore): one of these, exactly. Anyone if there are none. */
  identities: readonly { identity: string; issuer: string }[]
}

export const DEFAULT_EVIDENCE_POLICY: EvidencePolicy = {
  require: {
    every: ['signature', 'chain', 'validity'],
    nitro: ['debug'],
    tdx: ['platform', 'identity', 'revocation', 'debug'],
    sgx: ['platform', 'identity', 'revocation', 'debug'],
    'sev-snp': ['platform', 'debug'],
    'azure-sev-snp': ['platform', 'debug'],
    'confidential-space': ['debug'],
    nras: ['debug'],
    maa: ['debug'],
    // Their certificates never expire, so only an answer of the day tells; and whether they are open to debuggers, only their
    // measurements: those of what NVIDIA released, or that the reader names.
    'nvidia-gpu': ['revocation', 'measurement'],
    'nvidia-switch': ['revocation', 'measurement'],
  },
  debug: 'refuse',
  tcb: { tdx: ['UpToDate', 'SWHardeningNeeded'], sgx: ['UpToDate', 'SWHardeningNeeded'] },
  // AMD's guest tools ask at VMPL 1 unless told, so that is what an ordinary machine without a paravisor shows.
  snp: { minimum: {}, vmpl: 1 },
  roots: DEFAULT_ROOTS,
  references: [],
  identities: [],
}

export interface EvidenceVerdict {
  met: boolean
  /** What stood in the way, a line each. */
  unmet: string[]
  /** The checks that did. */
  checks: CheckName[]
}

/** No policy can go without these. */
const ALWAYS: readonly CheckName[] = ['signature', 'chain']

/** What must pass of evidence of a format. */
export function requiredChecks(format: Format, { require }: EvidencePolicy): Set<CheckName> {
  return new Set([...ALWAYS, ...(require.every ?? []), ...(require[format] ?? [])])
}

/** Whether checks meet a policy. `also` are checks that must pass besides. */
export function judgeEvidence(
  format: Format,
  checks: readonly Check[],
  policy: EvidencePolicy,
  also: readonly CheckName[] = [],
): EvidenceVerdict {
  const required = new Set([...requiredChecks(format, policy), ...also])
  const unmet: string[] = []
  const stood: CheckName[] = []
  for (const name of CHECKS) {
    const own = checks.filter(one => one.check === name)
    const failed = own.filter(({ outcome }) => outcome === 'fail')
    if (failed.length > 0) {
      if (name === 'debug' && policy.debug === 'accept') continue
      for (const { reason } of failed) unmet.push(`${name} fails: ${reason}`)
      stood.push(name)
      continue
    }
    if (!required.has(name)) continue
    // Of several under one name, one that passes does not speak for one that nobody could look at.
    const open = own.find(({ outcome }) => outcome !== 'pass')
    if (own.length > 0 && open === undefined) continue
    unmet.push(`${name} is required, and was not checked: ${open?.reason ?? 'nothing was found about it'}`)
    stood.push(name)
  }
  return { met: unmet.length === 0, unmet, checks: stood }
}

const shape = new Shape('bad-policy')
const FIELDS = ['require', 'debug', 'tcb', 'snp', 'roots', 'references', 'identities'] as const
const MOST_REFERENCES = 256
const MOST_ROOTS = 64

/** Reads a policy file; what it leaves out is as in `base`. Throws `bad-policy`, and what `parseJson` throws. */
export function parseEvidencePolicy(
  bytes: Uint8Array | string,
  base: EvidencePolicy = DEFAULT_EVIDENCE_POLICY,
): EvidencePolicy {
  return evidencePolicyOf(parseJson(bytes, { maxBytes: 1024 * 1024, maxDepth: 8 }), base)
}

/** The same for a value that was read already. */
export function evidencePolicyOf(
  value: unknown,
  base: EvidencePolicy = DEFAULT_EVIDENCE_POLICY,
  where = 'policy',
): EvidencePolicy {
  const root = known(value, where, FIELDS)
  const policy = { ...base }
  if (root.require !== undefined)
    policy.require = { ...base.require, ...requireOf(shape.object(root.require, `${where}.require`)) }
  if (root.debug !== undefined)
    policy.debug = shape.literal(root.debug, `${where}.debug`, ['refuse', 'accept'])
  if (root.tcb !== undefined) {
    const { tdx = base.tcb.tdx, sgx = base.tcb.sgx } = known(root.tcb, `${where}.tcb`, ['tdx', 'sgx'])
    policy.tcb = { tdx: statuses(tdx, `${where}.tcb.tdx`), sgx: statuses(sgx, `${where}.tcb.sgx`) }
  }
  if (root.snp !== undefined)
    policy.snp = snpOf(known(root.snp, `${where}.snp`, ['minimum', 'vmpl']), base.snp)
  if (root.roots !== undefined) policy.roots = rootsOf(shape.object(root.roots, `${where}.roots`), base.roots)
  if (root.references !== undefined)
    policy.references = shape
      .array(root.references, `${where}.references`, MOST_REFERENCES)
      .map((one, i) => parseReferenceValue(one, `${where}.references[${i}]`))
  if (root.identities !== undefined)
    policy.identities = shape.array(root.identities, `${where}.identities`, MOST_ROOTS).map((one, i) => {
      const { identity, issuer } = shape.object(one, `${where}.identities[${i}]`)
      return {
        identity: shape.string(identity, `${where}.identities[${i}].identity`, 1024),
        issuer: shape.string(issuer, `${where}.identities[${i}].issuer`, 1024),
      }
    })
  return policy
}

/** An object of these fields alone: one that is misspelt would ask for nothing, and nobody would notice. */
function known(value: unknown, where: string, fields: readonly string[]): JsonObject {
  const object = shape.object(value, where)
  for (const key of Object.keys(object)) shape.literal(key, where, fields)
  return object
}

function requireOf(fields: JsonObject): EvidencePolicy['require'] {
  const require: EvidencePolicy['require'] = {}
  for (const [name, list] of Object.entries(fields))
    require[shape.literal(name, 'require', ['every', ...FORMATS])] = shape
      .array(list, `require.${name}`, CHECKS.length)
      .map((one, i) => shape.literal(one, `require.${name}[${i}]`, CHECKS))
  return require
}

function statuses(value: unknown, where: string): TcbStatus[] {
  const list = shape
    .array(value, where, TCB_STATUSES.length)
    .map((one, i) => shape.literal(one, `${where}[${i}]`, TCB_STATUSES))
  if (list.includes('Revoked')) shape.fail(where, 'anything but "Revoked", which no policy can accept')
  return list
}

function snpOf({ minimum, vmpl }: JsonObject, base: EvidencePolicy['snp']): EvidencePolicy['snp'] {
  const snp = { ...base }
  if (vmpl !== undefined) {
    const level = shape.count(vmpl, 'snp.vmpl')
    snp.vmpl = level <= 3 ? level : shape.fail('snp.vmpl', '0 to 3')
  }
  if (minimum !== undefined) {
    const found: Record<string, Partial<Record<SnpPart, number>>> = {}
    for (const [name, parts] of Object.entries(shape.object(minimum, 'snp.minimum'))) {
      const where = shape.literal(name, 'snp.minimum', ['milan', 'genoa', 'turin'])
      found[where] = Object.fromEntries(
        Object.entries(shape.object(parts, `snp.minimum.${name}`)).map(([part, least]) => [
          shape.literal(part, `snp.minimum.${name}`, SNP_PARTS),
          shape.count(least, `snp.minimum.${name}.${part}`),
        ]),
      )
    }
    snp.minimum = found
  }
  return snp
}

function rootsOf(fields: JsonObject, base: Roots): Roots {
  const roots: Record<RootSet, readonly string[]> = { ...base }
  for (const [name, list] of Object.entries(fields))
    roots[shape.literal(name, 'roots', ROOT_SETS)] = shape
      .array(list, `roots.${name}`, MOST_ROOTS)
      .map((one, i) => shape.digest(one, `roots.${name}[${i}]`))
  return roots
}
