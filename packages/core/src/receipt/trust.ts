/**
 * Whom the reader trusts: for each network a tlog-policy (C2SP), which names its logs, its witnesses by owner group,
 * and the quorum. It is the reader's own; nothing in a receipt adds to it.
 */
import type { Suite } from '../suite.ts'
import { type Policy, parsePolicy } from '../tlog/policy.ts'

export interface TrustedNetwork {
  /** What the reader calls it. */
  name: string
  policy: Policy
  /** Keys of logs and witnesses that were revoked, by vkey, with the POSIX second since when. */
  revoked?: Record<string, number>
}

export interface Trust {
  networks: readonly TrustedNetwork[]
}

export const NO_TRUST: Trust = { networks: [] }

/** Trust from tlog-policy texts. Throws `bad-policy` and `bad-vkey`. */
export function trustFrom(texts: readonly { name: string; policy: string }[], suite: Suite): Trust {
  return { networks: texts.map(({ name, policy }) => ({ name, policy: parsePolicy(policy, suite) })) }
}
