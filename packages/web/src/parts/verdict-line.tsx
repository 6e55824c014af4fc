import { CLAIMS, type Verification } from '@answerable/core/receipt'
import type { Look } from '../lib/words.ts'
import { ResultIcon } from './result-icon.tsx'

/** What the default policy makes of the claims. It asks for `recorded` on signatures, and for no failure. */
export function VerdictLine({ verification: { claims, verdict } }: { verification: Verification }) {
  const fails = CLAIMS.some(name => claims[name].result === 'fail')
  const look: Look = verdict.met ? 'pass' : fails ? 'fail' : 'not-checked'
  return (
    <div className={`verdict verdict-${look}`}>
      <p className={`mark mark-${look}`}>
        <ResultIcon look={look} />
        {verdict.met ? 'The default policy is met' : 'The default policy is not met'}
      </p>
      {verdict.unmet.length > 0 ? (
        <ul>
          {verdict.unmet.map(line => (
            <li key={line}>{line.charAt(0).toUpperCase() + line.slice(1)}</li>
          ))}
        </ul>
      ) : (
        <p>
          The record is shown on signatures of keys you trust, and no claim fails. It asks for no more than
          that.
        </p>
      )}
    </div>
  )
}
