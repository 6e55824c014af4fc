import { CLAIMS, type Verification } from '@answerable/core/receipt'
import { lookOf, NAMES } from '../lib/words.ts'
import { ResultMark } from './result-mark.tsx'

interface Props {
  before: Verification
  after: Verification
  trusted: boolean
}

/** What a change did: which claims came out otherwise, and why. */
export function Fallen({ before, after, trusted }: Props) {
  const pairs = CLAIMS.map(name => ({ name, was: before.claims[name], is: after.claims[name] }))
  const changed = pairs.filter(({ was, is }) => was.result !== is.result || was.reason !== is.reason)
  // What went with the record has no story of its own.
  const along = changed.filter(({ is }) => is.reason === 'record-not-shown')
  const told = changed.filter(pair => !along.includes(pair))
  const reworded = pairs.filter(({ was, is }) => was.sentence !== is.sentence)
  if (changed.length === 0) {
    return (
      <div className="fallen">
        <p>
          <strong>No claim comes out otherwise.</strong>{' '}
          {!trusted
            ? 'You trust no keys yet, so the record was not shown before either. Trust the keys above, and try again.'
            : reworded.length === 0
              ? 'Nothing that you trust depends on this byte.'
              : 'But what was found did change:'}
        </p>
        {trusted && reworded.map(({ name, is }) => <p key={name}>{is.sentence}</p>)}
      </div>
    )
  }
  return (
    <div className="fallen">
      <ul className="changes">
        {told.map(({ name, was, is }) => (
          <li key={name} data-fallen={name} data-result={is.result} data-reason={is.reason}>
            <h4>{NAMES[name]}</h4>
            <p className="change-marks">
              <ResultMark look={lookOf(was)} />
              <span aria-hidden="true">→</span>
              <span className="unseen">is now</span>
              <ResultMark look={lookOf(is)} />
            </p>
            <p>{is.sentence}</p>
            <p className="fine">
              Reason <code>{is.reason}</code>
            </p>
          </li>
        ))}
      </ul>
      {along.length > 0 && (
        <p className="soft">
          {along.map(({ name }) => NAMES[name]).join(', ')}: not checked any more, since nothing that a record
          says counts when the record is not shown.
        </p>
      )}
    </div>
  )
}
