/** What a chain of certificates comes to as checks, for the formats whose evidence is signed under one. */
import type { Suite } from '../suite.ts'
import { type Chain, checkRevocation, parseRevocationList, type RevocationList } from '../x509/index.ts'
import { type Check, check } from './check.ts'
import { type Endorsements, type ReadEndorsements, readAll } from './endorsements.ts'

export interface Window {
  from: number
  until: number
}

export function chainCheck({ path, fault }: Chain): Check {
  if (fault === undefined)
    return check(
      'chain',
      'pass',
      'chained',
      `it leads to ${path.at(-1)!.subject.text}, a root that you trust`,
    )
  // Faults of time stand apart from the others.
  const reason = fault.reason as Exclude<typeof fault.reason, NonNullable<Chain['timeFault']>['reason']>
  return check('chain', 'fail', reason, fault.detail)
}

/**
 * Lists of revocations against every certificate of a good chain but its root. All must be answered for a pass; one that is
 * revoked, or a forged list, is enough for a failure. `window` is when the answers hold.
 */
export function revocationCheck(
  { path, fault }: Chain,
  endorsements: Endorsements,
  time: number,
  suite: Suite,
): { check: Check; window?: Window } {
  const none = (detail: string): { check: Check } => ({
    check: check('revocation', 'not-checked', 'no-revocation-answer', detail),
  })
  if (fault !== undefined) return none('the chain does not hold, so nobody can answer for it')
  const { read: lists } = revocationLists(endorsements)
  const window = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }
  let open: { check: Check } | undefined
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const answer = checkRevocation(certificate, path[i + 1]!, lists, time, suite)
    switch (answer.outcome) {
      case 'revoked':
        return { check: revokedCheck(answer) }
      case 'bad':
        return { check: check('revocation', 'fail', 'bad-revocation-answer', answer.detail) }
      case 'out-of-date':
        open = {
          check: check('revocation', 'not-checked', 'revocation-answer-out-of-date', answer.detail),
        }
        break
      case 'none':
        open ??= none(`nothing says whether ${path[i + 1]!.subject.text} revoked any of it`)
        break
      case 'not-revoked':
        window.from = Math.max(window.from, answer.from)
        window.until = Math.min(window.until, answer.until)
    }
  }
  if (open !== undefined) return open
  const detail = 'its issuers list none of its certificates as revoked'
  return { check: check('revocation', 'pass', 'not-revoked', detail), window }
}

/** On hold is its own reason: it may come back. */
export function revokedCheck({ hold, detail }: { hold?: true; detail: string }): Check {
  return check('revocation', 'fail', hold ? 'certificate-on-hold' : 'certificate-revoked', detail)
}

/**
 * The lists that came along, for whomever they are. One that cannot be read answers nothing; it may be another format's, of a
 * kind that is not known here.
 */
export function revocationLists(endorsements: Endorsements): ReadEndorsements<RevocationList> {
  return readAll(endorsements, 'crl', parseRevocationList)
}
