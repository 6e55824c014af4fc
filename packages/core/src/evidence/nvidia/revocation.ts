/**
 * Whether a chain of NVIDIA's is still good. Asked is about every certificate but the root and a device's own: that one is
 * made by the chip's own key for its firmware, and nobody keeps a list of those. An answer is NVIDIA's OCSP service's, or a
 * list of revocations of whoever issued the certificate; what revokes any of them counts, asked or not.
 */

import {
  type Certificate,
  checkOcsp,
  checkRevocation,
  type OcspAnswer,
  parseOcspAnswer,
  type RevocationAnswer,
  type RevocationList,
} from '../../x509/index.ts'
import { revocationLists, revokedCheck } from '../chain-checks.ts'
import { type Check, check } from '../check.ts'
import { readAll } from '../endorsements.ts'
import type { AppraisalContext } from '../format.ts'

export interface Answers {
  ocsp: OcspAnswer[]
  lists: RevocationList[]
  /** How many could not be read. They say nothing, of these chains or of others. */
  unread: number
}

/** Those that came along, for whomever they are. */
export function readAnswers(endorsements: AppraisalContext['endorsements']): Answers {
  const ocsp = readAll(endorsements, 'ocsp', parseOcspAnswer)
  const lists = revocationLists(endorsements)
  return { ocsp: ocsp.read, lists: lists.read, unread: ocsp.faults.length + lists.faults.length }
}

export interface ChainStatus {
  check: Check
  window: { from: number; until: number }
}

/** Of a chain that leads to a root. */
export function chainStatus(
  path: readonly Certificate[],
  answers: Answers,
  { time, suite }: AppraisalContext,
): ChainStatus {
  const window = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }
  const done = (one: Check): ChainStatus => ({ check: one, window })
  let missing: Check | undefined
  let answered = false
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const answer = answerAbout(certificate, path[i + 1]!, answers, time, suite)
    if (answer.outcome === 'revoked') return done(revokedCheck(answer))
    if (answer.outcome === 'bad')
      return done(check('revocation', 'fail', 'bad-revocation-answer', answer.detail))
    if (answer.outcome === 'not-revoked') {
      answered = true
      window.from = Math.max(window.from, answer.from)
      window.until = Math.min(window.until, answer.until)
    } else if (i > 0)
      missing ??=
        answer.outcome === 'out-of-date'
          ? check('revocation', 'not-checked', 'revocation-answer-out-of-date', answer.detail)
          : check(
              'revocation',
              'not-checked',
              'no-revocation-answer',
              `nothing that came along says whether the certificate of ${certificate.subject.text} is still good${answers.unread === 0 ? '' : `, and ${answers.unread} answers cannot be read`}`,
            )
  }
  if (!answered)
    missing ??= check(
      'revocation',
      'not-checked',
      'no-revocation-answer',
      'there is nobody between it and its root who could be asked about',
    )
  return done(
    missing ??
      check(
        'revocation',
        'pass',
        'not-revoked',
        'its maker says of its chip, and of all above, that they are good',
      ),
  )
}

/** Of the two sources, the worse; a good answer of either will do. */
function answerAbout(
  certificate: Certificate,
  issuer: Certificate,
  { ocsp, lists }: Answers,
  time: number,
  suite: AppraisalContext['suite'],
): RevocationAnswer {
  const found = [
    checkOcsp(certificate, issuer, ocsp, time, suite),
    checkRevocation(certificate, issuer, lists, time, suite),
  ]
  for (const outcome of ['revoked', 'bad', 'not-revoked', 'out-of-date'] as const) {
    const one = found.find(answer => answer.outcome === outcome)
    if (one !== undefined) return one
  }
  return { outcome: 'none' }
}
