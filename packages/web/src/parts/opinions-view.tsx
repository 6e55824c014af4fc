import type { FoundOpinions } from '@answerable/core/receipt'

const OUTCOMES = { answers: 'answered', agrees: 'agrees', dissents: 'dissents', abstains: 'abstains' }

/** What several models said to the same question. It stands beside the claims, and changes none. */
export function OpinionsView({ opinions }: { opinions: FoundOpinions }) {
  const { record, sentence, notShown } = opinions
  return (
    <div className="opinions">
      <h4>Second opinions</h4>
      <p>{sentence}</p>
      {record && (
        <ul>
          {record.asked.map(({ id, model, operator, outcome, reason }) => (
            <li key={id} data-outcome={outcome}>
              <strong>{model}</strong>
              {operator !== undefined && ` at ${operator}`} {OUTCOMES[outcome]}
              {reason !== undefined && ` (${reason})`}: record <code>{id}</code>
            </li>
          ))}
        </ul>
      )}
      <p className="limits">
        <span className="label">Does not show</span> {notShown}
      </p>
    </div>
  )
}
