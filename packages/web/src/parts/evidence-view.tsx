import type { EvidencePart, EvidenceSummary } from '@answerable/core/receipt'

const MARKS = { pass: 'pass', fail: 'fail', 'not-checked': 'not checked' }

/** Each check of the evidence that a record names. The claim `place` above says what they come to. */
export function EvidenceView({ evidence }: { evidence: EvidenceSummary }) {
  const { digest, parts, checks, approvals, dissent } = evidence
  return (
    <div className="opinions evidence">
      <h4>Evidence of hardware</h4>
      <p className="soft">
        Document <code>{digest.slice(0, 16)}…</code>
        {evidence.error && `: ${evidence.error.detail}`}
      </p>
      {parts.map((part, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name, and do not move
        <PartView key={i} part={part} />
      ))}
      {checks.length > 0 && <CheckTable caption="As a whole" checks={checks} />}
      {approvals.length > 0 && (
        <ul>
          {approvals.map(({ image, role, by, revoked }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: approvals have no other name, and do not move
            <li key={i}>
              <strong>{image}</strong>, a {role}: the word of{' '}
              {by ? `${by.name} (${by.id})` : 'your own policy'}
              {revoked && `; revoked: ${revoked.reason}`}
            </li>
          ))}
        </ul>
      )}
      {dissent.map(({ id, name, reasons }) => (
        <p key={id}>
          Contested: {name} ({id}) finds otherwise{reasons.length > 0 && `: ${reasons.join(', ')}`}.
        </p>
      ))}
    </div>
  )
}

function PartView({ part }: { part: EvidencePart }) {
  const { what, platform, format, error, checks, measurements } = part
  const [first] = Object.entries(measurements)
  return (
    <>
      <p>
        {what === 'machine' ? 'Machine' : 'Device'}: <strong>{platform ?? format}</strong>
        {error && `, cannot be read: ${error.detail}`}
        {first && (
          <>
            , {first[0]} <code>{first[1].slice(0, 24)}…</code>
          </>
        )}
      </p>
      {checks.length > 0 && <CheckTable caption={`Checks of the ${what}`} checks={checks} />}
    </>
  )
}

function CheckTable({ caption, checks }: { caption: string; checks: EvidencePart['checks'] }) {
  return (
    <table className="checks">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">check</th>
          <th scope="col">result</th>
          <th scope="col">why</th>
        </tr>
      </thead>
      <tbody>
        {checks.map(({ check, outcome, reason, detail }) => (
          <tr key={`${check} ${reason}`} data-outcome={outcome}>
            <th scope="row">{check}</th>
            <td>{MARKS[outcome]}</td>
            <td>
              {detail} <code>{reason}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
