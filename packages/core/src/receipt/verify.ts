/**
 * Checking a receipt: six claims, each with its result, its basis, and what it does not show.
 *
 * Keys, witnesses and quorums come from the reader's trust. Nothing is believed because the receipt says so, and a
 * claim about the record's content counts only where the record itself is shown.
 */

import { DEFAULT_EVIDENCE_POLICY, type Endorsement, type EvidencePolicy } from '../evidence/index.ts'
import {
  checkSignedModel,
  type SignedOutcome,
  signedModelOf,
  type TrustedPublisher,
} from '../model/signed-model.ts'
import type { State } from '../registry/state.ts'
import { evidencePolicyUnder } from '../registry/terms.ts'
import type { JsonObject } from '../shape.ts'
import type { DisclosureName } from '../statement/disclosure.ts'
import type { InferenceEvent } from '../statement/inference.ts'
import type { Suite } from '../suite.ts'
import { type AcceptancePolicy, DEFAULT_POLICY, judge, type Verdict } from './acceptance.ts'
import { accountability } from './accountability.ts'
import { type Facts, isObject, output, quality, recorded } from './claim-rules.ts'
import type { Claim, ClaimName } from './claims.ts'
import { type Compared, type Comparison, compareBytes, type Disclosed, openDisclosures } from './disclosed.ts'
import { type EvidenceSummary, summarise } from './evidence-summary.ts'
import { type EvidenceOnRecord, evidenceOn } from './evidenced.ts'
import { model } from './model-claim.ts'
import { type FoundOpinions, findOpinions, type LinkedReceipt } from './opinions.ts'
import { place } from './place.ts'
import type { Receipt } from './receipt.ts'
import { type CheckedRecord, checkReceiptRecord } from './receipt-record.ts'
import { CheckpointJudge } from './record.ts'
import { lookUp, type Registered } from './registered.ts'
import { NO_TRUST, type Trust } from './trust.ts'

export interface VerifyOptions {
  /**
   * The time asked about, Unix milliseconds: a quorum that cosigned after it, or does not say when, does not count.
   * Without it, no time is compared.
   */
  asOf?: number
  /** The bytes that the reader sent and got, to compare with what was recorded. */
  request?: Uint8Array
  response?: Uint8Array
  policy?: AcceptancePolicy
  /** Receipts of the opinions that this one links to, to be checked along with it. */
  linked?: readonly Receipt[]
  /** Endorsements of the reader's own beside those that came along, an archive each. */
  archives?: readonly (readonly Endorsement[])[]
}

export interface Verification {
  claims: Record<ClaimName, Claim>
  /** Whether the reader's policy is met. */
  verdict: Verdict
  /** What the record says, where it is shown. */
  record?: {
    id: string
    event: InferenceEvent
    /** The operator's clock, Unix milliseconds. */
    time: number
    log: string
    index: number
    size: number
    network: string
    /** Who cosigned, and how many owners they are. */
    witnesses: { name: string; owner?: string; time: number }[]
    owners: { name: string; reached: boolean }[]
    /**
     * As of when, POSIX seconds: from the quorum's cosignature of the registry checkpoint that the statement names, to
     * the first quorum's over the record. An end is absent where nothing shows it.
     */
    interval: { from?: number; until?: number }
  }
  /** Disclosures that opened against a record that is shown. */
  disclosed: Partial<Record<DisclosureName, JsonObject>>
  /** How the bytes given, and those that came along, compare with what was recorded. */
  compared: { request: Compared; response: Compared }
  /** Second opinions that the record names. They change no claim: models share mistakes. */
  opinions?: FoundOpinions
  /** Evidence that the record names, with every check of it. */
  evidence?: EvidenceSummary
}

const NOT_SHOWN: Comparison = { held: 'not-shown', carried: 'not-shown' }

/** The worse of the two. */
function together({ held, carried }: Comparison): Compared {
  return carried === 'different' || held === 'not-given' ? carried : held
}

/** Checks receipts under one reader's trust. Keeps nothing but judged checkpoints, and those only to be fast. */
export class Verifier {
  readonly #suite: Suite
  readonly #judge: CheckpointJudge
  readonly #publishers: readonly TrustedPublisher[]
  readonly #evidence: EvidencePolicy | undefined

  constructor(suite: Suite, trust: Trust = NO_TRUST) {
    this.#suite = suite
    this.#judge = new CheckpointJudge(trust, suite)
    this.#publishers = trust.publishers ?? []
    this.#evidence = trust.evidence
  }

  /** Checks one receipt. Never throws for anything that a receipt can hold. */
  verify(receipt: Receipt, options: VerifyOptions = {}): Verification {
    const suite = this.#suite
    const asOf = options.asOf === undefined ? undefined : Math.floor(options.asOf / 1000)
    const record = checkReceiptRecord(receipt, this.#judge, asOf, suite)
    const shown = record.outcome === 'included'
    const digests = shown ? record.disclosures : record.digests
    const disclosed = openDisclosures(receipt.disclosures, digests, shown, suite)
    const comparison = (name: 'request' | 'response'): Comparison =>
      shown
        ? {
            held: compareBytes(disclosed[name], options[name], suite),
            carried: compareBytes(disclosed[name], receipt.content[name], suite),
          }
        : NOT_SHOWN
    const compared = { request: comparison('request'), response: comparison('response') }
    const registered = shown
      ? lookUp(record, suite.sha256Hex(receipt.statement), manifestOf(disclosed), receipt.registry, suite)
      : undefined
    const facts: Facts = { record, disclosed, compared, ...(registered !== undefined && { registered }) }
    const signedModel = shown ? this.#signedModel(disclosed, receipt.modelSignature) : undefined
    if (signedModel !== undefined) facts.signedModel = signedModel
    const evidence = shown ? this.#evidenceOn(record, receipt, registered, options.archives) : undefined
    if (evidence !== undefined) facts.evidence = evidence
    const claims = {
      recorded: recorded(facts),
      model: model(facts),
      place: place(facts),
      output: output(facts),
      quality: quality(facts),
      accountability: accountability(facts),
    }
    const verification: Verification = {
      claims,
      verdict: judge(claims, options.policy ?? DEFAULT_POLICY),
      disclosed: shown ? valuesOf(disclosed) : {},
      compared: { request: together(compared.request), response: together(compared.response) },
    }
    if (!shown) return verification
    verification.record = describe(record)
    if (evidence !== undefined) verification.evidence = summarise(evidence)
    const { linked = [] } = options
    const check = (of: Receipt) => this.#linked(of, asOf)
    const opinions = findOpinions({ disclosed, linked, check, suite })
    if (opinions !== undefined) verification.opinions = opinions
    return verification
  }

  /** What of a linked receipt counts: whether its record is shown, and the bytes that are its recorded response. */
  #linked(receipt: Receipt, asOf: number | undefined): LinkedReceipt {
    const record = checkReceiptRecord(receipt, this.#judge, asOf, this.#suite)
    if (record.outcome === 'stopped') return { detail: record.detail }
    const disclosed = openDisclosures(receipt.disclosures, record.disclosures, true, this.#suite)
    const { response } = receipt.content
    const same = compareBytes(disclosed.response, response, this.#suite) === 'same'
    return same && response !== undefined ? { response } : {}
  }

  /** The evidence that the record names, under the reader's own policy, or else the charter's with the reader's roots. */
  #evidenceOn(
    record: CheckedRecord,
    receipt: Receipt,
    registered: Registered | false | undefined,
    archives: VerifyOptions['archives'],
  ): EvidenceOnRecord | undefined {
    // Most records name none: then no charter's policy need be read.
    if (record.statement.evidence === undefined) return undefined
    const policy = this.#evidence ?? charterPolicy(record.network.registry)
    const known = registered ? registered.evidence : undefined
    return evidenceOn(record, receipt, {
      policy,
      suite: this.#suite,
      ...(archives && { archives }),
      ...(known && { known }),
    })
  }

  /** Looks at a signature file that came along. One that the record does not name is not the one recorded. */
  #signedModel(disclosed: Disclosed, bytes: Uint8Array | undefined): SignedOutcome | undefined {
    const { model: opened } = disclosed
    if (opened.state !== 'opened') return undefined
    const { signed, manifest } = opened.value
    if (signed === undefined) return bytes === undefined ? undefined : 'other-file'
    const digest = isObject(manifest) ? manifest.sha256 : undefined
    try {
      const claimed = signedModelOf(signed)
      if (bytes === undefined) return undefined
      return checkSignedModel(claimed, digest, bytes, this.#publishers, this.#suite)
    } catch {
      return 'other-model'
    }
  }
}

/** Checks one receipt. For many, make one `Verifier`. */
export function verify(
  receipt: Receipt,
  { suite, trust, ...options }: VerifyOptions & { suite: Suite; trust?: Trust },
): Verification {
  return new Verifier(suite, trust).verify(receipt, options)
}

/**
 * What the charter asks of evidence. Where trust in hardware begins, and whose images count, is the reader's own affair, never
 * the charter's.
 */
function charterPolicy(registry: State | undefined): EvidencePolicy {
  if (registry === undefined) return DEFAULT_EVIDENCE_POLICY
  return { ...evidencePolicyUnder(registry.terms), roots: DEFAULT_EVIDENCE_POLICY.roots, references: [] }
}

/** The digest of the signed manifest that the record opens, if it does. */
function manifestOf({ model: opened }: Disclosed): string | undefined {
  if (opened.state !== 'opened' || !isObject(opened.value.signed)) return undefined
  const { manifest } = opened.value.signed
  return typeof manifest === 'string' ? manifest : undefined
}

function valuesOf(disclosed: Disclosed): Partial<Record<DisclosureName, JsonObject>> {
  const values: Partial<Record<DisclosureName, JsonObject>> = {}
  for (const [name, opened] of Object.entries(disclosed)) {
    if (opened.state === 'opened') values[name as DisclosureName] = opened.value
  }
  return values
}

function describe({
  statement,
  index,
  size,
  network,
  judged,
  from,
  until,
}: CheckedRecord): Verification['record'] & {} {
  const interval: { from?: number; until?: number } = {}
  if (from !== undefined) interval.from = from
  if (until !== undefined) interval.until = until
  return {
    id: statement.id,
    event: statement.event,
    time: statement.time,
    log: statement.log,
    index,
    size,
    network: network.name,
    witnesses: judged.witnesses.map(({ name, owner, timestamp }) => ({
      name,
      ...(owner !== undefined && { owner }),
      time: timestamp,
    })),
    owners: judged.owners.map(({ name, reached }) => ({ name, reached })),
    interval,
  }
}
