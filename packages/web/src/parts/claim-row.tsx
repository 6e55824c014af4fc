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
          {claim.basis && (
            <span className="fine">
              basis <strong>{claim.basis}</strong>: {BASIS_WORDS[claim.basis]}
            </span>
          )}
        </p>
        <p>{claim.sentence}</p>
        <p className="limits">
          <span className="label">Does not show</span> {limits(claim)}
        </p>
        <p className="fine">
          Reason <code>{claim.reason}</code>
        </p>
      </div>
    </li>
  )
}
