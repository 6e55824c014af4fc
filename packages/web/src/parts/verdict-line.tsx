import type { Verdict } from '@answerable/core/receipt'

/** What the default policy makes of the claims: it asks for `recorded` on signatures, and for no failure. */
export function VerdictLine({ verdict }: { verdict: Verdict }) {
  return (
    <div className={`verdict ${verdict.met ? 'verdict-met' : 'verdict-unmet'}`} role="status">
      <p>
        <strong>{verdict.met ? 'The default policy is met.' : 'The default policy is not met.'}</strong>{' '}
        <span className="soft">
          It asks that the record is shown on signatures of keys you trust, and that no claim fails.
        </span>
      </p>
      {verdict.unmet.length > 0 && (
        <ul>
          {verdict.unmet.map(line => (
            <li key={line}>{line.charAt(0).toUpperCase() + line.slice(1)}</li>
          ))}
        </ul>
      )}
    </div>
  )
}
