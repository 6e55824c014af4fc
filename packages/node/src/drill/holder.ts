/** Somebody who holds receipts, and checks them with core under trust of their own. */
import { AnswerableError } from '@answerable/core'
import {
  parseReceipt,
  type Receipt,
  type Verification,
  Verifier,
  type VerifyOptions,
} from '@answerable/core/receipt'
import type { Policy } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'

/** What a receipt is worth to its holder: nothing, the log's own signature, or a quorum of witnesses. */
export type Worth = 'nothing' | 'committed' | 'witnessed'

export class Holder {
  readonly policy: Policy
  readonly #whole: Verifier
  readonly #unwitnessed: Verifier

  constructor(policy: Policy) {
    this.policy = policy
    const trust = (quorum: string) => ({ networks: [{ name: 'drill', policy: { ...policy, quorum } }] })
    this.#whole = new Verifier(nodeSuite, trust(policy.quorum))
    this.#unwitnessed = new Verifier(nodeSuite, trust('none'))
  }

  /** Under the whole policy that was offered. */
  check(receipt: Receipt, options?: VerifyOptions): Verification {
    return this.#whole.verify(receipt, options)
  }

  /** Under the same policy without its quorum, since a fresh record has no cosignature yet. */
  checkUnwitnessed(receipt: Receipt, options?: VerifyOptions): Verification {
    return this.#unwitnessed.verify(receipt, options)
  }

  worth(receipt: Receipt, options?: VerifyOptions): Worth {
    if (this.check(receipt, options).claims.recorded.result === 'pass') return 'witnessed'
    return this.checkUnwitnessed(receipt, options).claims.recorded.result === 'pass' ? 'committed' : 'nothing'
  }
}

/**
 * Fetches a receipt by its link: opened with the secret in the fragment, and without one its public part. Throws
 * `no-receipt` with the gateway's own code in the message.
 */
export async function fetchReceipt(link: string): Promise<Receipt> {
  const [url, secret] = link.split('#') as [string, string?]
  const response = await fetch(
    url,
    secret === undefined ? {} : { headers: { authorization: `Bearer ${secret}` } },
  )
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status === 200) return parseReceipt(bytes)
  throw new AnswerableError('no-receipt', `status ${response.status}, ${codeOf(bytes)}`)
}

/** The same from another address: after a restart the port is another one. */
export function movedTo(url: string, link: string): string {
  const { pathname, hash } = new URL(link)
  return url + pathname + hash
}

function codeOf(bytes: Uint8Array): string {
  try {
    const { error } = JSON.parse(Buffer.from(bytes).toString()) as { error?: { code?: unknown } }
    return String(error?.code)
  } catch {
    return 'no code'
  }
}
