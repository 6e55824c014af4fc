import type { Claim } from '@answerable/core/receipt'
import { BASIS_WORDS, limits, lookOf, NAMES, QUESTIONS } from '../lib/words.ts'
import { ResultMark } from './result-mark.tsx'

export function ClaimRow({ claim }: { claim: Claim }) {
  const look = lookOf(claim)
  return (
    <li className={`claim claim-${look}`} data-claim={claim.claim} data-result={claim.result}>
      <div className="claim-name">
        <h4>{NAMES[claim.claim]}</h4>
        <p className="soft">{QUESTIONS[claim.claim]}</p>
      </div>
      <div className="claim-body">
        <p className="claim-result">
          <ResultMark look={look} />
          <span className="fine">
            {claim.basis && (
              <>
                basis <strong>{claim.basis}</strong>, {BASIS_WORDS[claim.basis]};{' '}
              </>
            )}
            reason <code>{claim.reason}</code>
          </span>
        </p>
        <p>{claim.sentence}</p>
        <p className="limits">
          <span className="label">Does not show</span> {limits(claim)}
        </p>
      </div>
    </li>
  )
}
