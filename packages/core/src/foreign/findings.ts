/** What looking at another system's receipt comes to, before it is put into the six claims. */
import type { Appraisal, Endorsements, EvidencePolicy } from '../evidence/index.ts'
import type { Suite } from '../suite.ts'

export const FOREIGN_SYSTEMS = ['opengradient', 'aci', 'near'] as const
export type ForeignSystem = (typeof FOREIGN_SYSTEMS)[number]

/** What the reader brings. Nothing in it comes from the receipt. */
export interface ForeignOptions {
  suite: Suite
  /** The exact bytes that were sent, and that came. */
  request?: Uint8Array
  response?: Uint8Array
  /** The key that should have signed, in the form that the system has: see docs/other-receipts.md. */
  key?: Uint8Array
  /** Evidence of where that key is. */
  attestation?: Uint8Array
  /** With which nonce the evidence was asked for. */
  nonce?: string
  evidencePolicy: EvidencePolicy
  endorsements: Endorsements
  /** As of when evidence is to hold; unless told as of when the receipt says it was signed. Unix milliseconds. */
  asOf?: number
  now: number
}

/** What became of the signature, and of what it is over. */
export type Signed =
  /** By a key that the reader brought, or that evidence speaks for. */
  | { outcome: 'good' }
  /** No key is known but what the receipt names itself, or none at all. */
  | { outcome: 'unknown-signer'; detail: string }
  | {
      outcome: 'bad'
      reason: 'bad-receipt-signature' | 'signer-mismatch' | 'request-mismatch' | 'response-mismatch'
      detail: string
    }

export type AttestationFound =
  /** There is no verifier for it here, or nothing in it to check. */
  | { outcome: 'not-checked'; detail: string }
  | { outcome: 'unreadable'; detail: string }
  /** It is about another key. */
  | { outcome: 'of-another'; detail: string }
  /** Whether it is about this key cannot be told. */
  | { outcome: 'binding-not-shown'; detail: string }
  | { outcome: 'appraised'; appraisal: Appraisal; time: number }

export interface ForeignFindings {
  system: ForeignSystem
  /** Whose receipt it is, in words. */
  title: string
  /** Who signed, in words: `the key 0x...`. */
  signer: string
  signed: Signed
  compared: { request: 'same' | 'not-given'; response: 'same' | 'not-given' }
  /** When, by the signer's own clock, Unix milliseconds. */
  time?: number
  /** What the signature says of the model that answered. */
  model: { stated: false; detail: string } | { stated: true; detail: string }
  attestation?: AttestationFound
  /** What else the evidence says, for comparing with what others publish. */
  facts: Record<string, string>
  /** What it holds that no signature covers, and what else it leaves open. */
  unsigned: string[]
}

export function clock({ asOf, now }: ForeignOptions, signedAt?: number): number {
  return asOf ?? signedAt ?? now
}

/** Whether evidence speaks for a key: it meets the policy, and the reader knows which software has that key. */
export function speaksFor(found: AttestationFound | undefined): boolean {
  return (
    found?.outcome === 'appraised' && found.appraisal.verdict.met && found.appraisal.reference !== undefined
  )
}
