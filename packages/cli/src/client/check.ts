/** What makes an answer's receipt good: the record is of exactly this call, and a trusted log holds it. */

import { equal, fromBase64Url, type Suite } from '@answerable/core'
import {
  type AcceptancePolicy,
  type ProvenStatement,
  parseReceipt,
  type Receipt,
  type Trust,
  type Verification,
  Verifier,
} from '@answerable/core/receipt'
import { entryOf, holderDigest, parseInference } from '@answerable/core/statement'
import { rejected } from './faults.ts'
import type { ReceiptLink } from './link.ts'
import { checkPromise, type Promised } from './promise.ts'

/** One call, as the caller saw it. */
export interface Seen {
  method: string
  /** Path and query. */
  path: string
  request: Uint8Array
  status: number
  response: Uint8Array
  link: ReceiptLink
  promised?: Promised | undefined
}

export interface Checked {
  receipt: Receipt
  verification: Verification
}

export class Checker {
  readonly suite: Suite
  readonly #policy: AcceptancePolicy
  /** The reader's networks without their quorums: a fresh record has no cosignature yet. */
  readonly #unwitnessed: Trust
  readonly #committed: Verifier
  readonly #witnessed: Verifier

  constructor(suite: Suite, trust: Trust, policy: AcceptancePolicy) {
    this.suite = suite
    this.#policy = policy
    this.#unwitnessed = {
      networks: trust.networks.map(network => ({
        ...network,
        policy: { ...network.policy, quorum: 'none' },
      })),
    }
    this.#committed = new Verifier(suite, this.#unwitnessed)
    this.#witnessed = new Verifier(suite, trust)
  }

  /** Throws `no-receipt` and `receipt-rejected`. */
  promise(header: string | null): Promised {
    return checkPromise(header, this.#unwitnessed, this.suite)
  }

  /** Checks the receipt of an answer that came whole. Throws `receipt-rejected`. */
  answer(bytes: Uint8Array, seen: Seen): Checked {
    const receipt = parse(bytes)
    const { request, response } = seen
    const verification = this.#committed.verify(receipt, { request, response, policy: this.#policy })
    this.#common(receipt, verification, seen)
    if (verification.compared.response !== 'same') throw rejected('the response is not the one recorded')
    const { event } = verification.record!
    // A record that was cut off belongs to an answer that was; one that came to an orderly end is something else.
    if (event !== 'answer' && event !== 'end')
      throw rejected(`the record of this whole answer says "${event}"`)
    if (verification.disclosed.response?.status !== seen.status)
      throw rejected('the record is of an answer with another status')
    return { receipt, verification }
  }

  /**
   * Checks the receipt of an answer of which only a part came: what came must be how the recorded answer begins.
   * Undefined while the record only says that the answer began. Throws `receipt-rejected`.
   */
  part(bytes: Uint8Array, seen: Seen): Checked | undefined {
    const receipt = parse(bytes)
    const verification = this.#committed.verify(receipt, { request: seen.request, policy: this.#policy })
    this.#common(receipt, verification, seen)
    const { event } = verification.record!
    if (event === 'begin') return undefined
    // A gateway that was killed closes its streams when it is back, and cannot say how far they got.
    if (event === 'interrupted' && verification.disclosed.response?.length === 0)
      return { receipt, verification }
    const whole = receipt.content.response
    if (whole === undefined) throw rejected('the record does not show how far the answer got')
    if (!equal(whole.subarray(0, seen.response.length), seen.response))
      throw rejected('what came is not how the recorded answer begins')
    return { receipt, verification }
  }

  /**
   * The receipt with the proofs of a newer copy of it, checked under the whole policy. Throws `receipt-rejected`
   * where the newer copy is of other statements.
   */
  newer(receipt: Receipt, bytes: Uint8Array): Checked {
    const copy = parse(bytes)
    const merged: Receipt = { ...receipt, proof: sameStatement(receipt, copy).proof }
    if (receipt.begin !== undefined) merged.begin = sameStatement(receipt.begin, copy.begin)
    // Brought along by the gateway, and perhaps only since.
    if (copy.registryCheckpoint !== undefined) merged.registryCheckpoint = copy.registryCheckpoint
    return { receipt: merged, verification: this.judge(merged) }
  }

  /** The receipt under the whole policy, quorum and all. */
  judge(receipt: Receipt): Verification {
    return this.#witnessed.verify(receipt, { policy: this.#policy })
  }

  #common(
    receipt: Receipt,
    { claims, verdict, record, compared, disclosed }: Verification,
    seen: Seen,
  ): void {
    const { recorded } = claims
    if (recorded.result !== 'pass') throw rejected(`${recorded.sentence} (${recorded.reason})`)
    if (record === undefined || compared.request !== 'same')
      throw rejected('the request is not the one recorded')
    if (record.id !== seen.link.id) throw rejected('the receipt is of another record')
    const { holder } = parseInference(receipt.statement)
    if (holder !== holderDigest(fromBase64Url(seen.link.secret), this.suite))
      throw rejected('the secret that came along does not open this record')
    const { method, path } = disclosed.request ?? {}
    // A proxy in between may have taken a prefix off the path.
    if (
      method !== seen.method ||
      typeof path !== 'string' ||
      !path.startsWith('/') ||
      !seen.path.endsWith(path)
    )
      throw rejected('the record is of a request to another address')
    const { promised } = seen
    if (promised !== undefined) {
      const begin = record.event === 'begin' ? receipt.statement : receipt.begin?.statement
      if (begin === undefined || !equal(entryOf(begin, this.suite), promised.entry))
        throw rejected('the record is not the one that was promised')
      if (record.log !== promised.origin) throw rejected('the record is in another log than was promised')
    }
    if (!verdict.met) throw rejected(verdict.unmet.join('; '))
  }
}

function parse(bytes: Uint8Array): Receipt {
  try {
    return parseReceipt(bytes)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw rejected(`what came as a receipt is none: ${message}`, cause)
  }
}

function sameStatement(old: ProvenStatement, copy: ProvenStatement | undefined): ProvenStatement {
  if (copy === undefined || !equal(old.statement, copy.statement))
    throw rejected('the record has changed since it was handed out')
  return copy
}
