/** What every format of evidence is to the rest: a name, a parser, and checks against what the reader brings. */
import type { JsonObject } from '../shape.ts'
import type { Suite } from '../suite.ts'
import type { Check } from './check.ts'
import type { Endorsements } from './endorsements.ts'
import type { EvidencePolicy } from './policy.ts'

export const FORMATS = [
  'nitro',
  'tdx',
  'sgx',
  'sev-snp',
  /** Azure's: a SEV-SNP report in a wrapper of its paravisor, with the runtime data that it signs. */
  'azure-sev-snp',
  'nvidia-gpu',
  'nvidia-switch',
  'confidential-space',
  /** NVIDIA's remote attestation service: its word on evidence of a GPU. */
  'nras',
  /** Microsoft Azure Attestation: its word on evidence of a machine. */
  'maa',
] as const
export type Format = (typeof FORMATS)[number]

/** Formats of devices, which belong to a machine whose own evidence must say so. */
export const DEVICE_FORMATS: readonly Format[] = ['nvidia-gpu', 'nvidia-switch', 'nras']

/** What the reader brings to an appraisal. Nothing in it comes from the evidence. */
export interface AppraisalContext {
  /** As of when, Unix milliseconds. */
  time: number
  policy: EvidencePolicy
  /** What vendors say of platforms: certificates, TCB levels, revocations. Believed only under `policy.roots`. */
  endorsements: Endorsements
  /** What the device was to be asked with, where the reader knows it. */
  nonce?: Uint8Array
  suite: Suite
}

/** What a format makes of evidence; `appraise` adds what is the same for all: binding, measurement, verdict. */
export interface Findings {
  format: Format
  /** In words, with its generation: `AMD SEV-SNP (Milan)`. */
  platform: string
  /** By the vendor's names for them, in lower case: lower-case hex, unless a value is text by nature. */
  measurements: Record<string, string>
  /** What else it says, for showing. Text in it comes from evidence: bounded, and without control characters. */
  facts: JsonObject
  /** What the workload had signed along (report data, user data): what binding looks at. */
  reportData?: Uint8Array
  /** The nonce in the evidence. */
  nonce?: Uint8Array
  /** Of which time the evidence says that it is, Unix milliseconds. */
  time?: number
  checks: Check[]
  /** When all that these checks relied on is valid together, Unix milliseconds, both within. */
  window: { from: number; until: number }
}

export interface EvidenceFormat<P = unknown> {
  readonly format: Format
  /**
   * Reads the exact bytes of one document. Throws `truncated`, `trailing-bytes`, `too-large`, `too-deep`, `duplicate-key`,
   * `indefinite-length`, `unknown-version`, `unknown-algorithm`, and `bad-evidence` for whatever has no code of its own.
   */
  parse(bytes: Uint8Array): P
  /** Never throws for anything that evidence or endorsements can hold. */
  check(parsed: P, context: AppraisalContext): Findings
}
