import { CLAIMS, type Claim, type ClaimName, type Verification } from '@answerable/core/receipt'
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
  const reworded = pairs.filter(pair => !changed.includes(pair) && pair.was.sentence !== pair.is.sentence)
  // What fails tells the story; what is no longer looked at follows from it.
  const told = [...changed].sort((a, b) => Number(b.is.result === 'fail') - Number(a.is.result === 'fail'))
  return (
    <div className="fallen">
      {changed.length === 0 && (
        <p>
          <strong>No claim comes out otherwise.</strong>{' '}
          {trusted
            ? reworded.length > 0
              ? 'But what was found did change:'
              : 'Nothing that you trust depends on this byte.'
            : 'You trust no keys yet, so the record was not shown before either. Trust the keys above, and try again.'}
        </p>
      )}
      <ul className="changes">
        {told.map(pair => (
          <Change key={pair.name} {...pair} />
        ))}
        {changed.length === 0 &&
          trusted &&
          reworded.map(({ name, is }) => (
            <li key={name}>
              <h4>{NAMES[name]}</h4>
              <p>{is.sentence}</p>
            </li>
          ))}
      </ul>
    </div>
  )
}

function Change({ name, was, is }: { name: ClaimName; was: Claim; is: Claim }) {
  return (
    <li data-fallen={name} data-result={is.result} data-reason={is.reason}>
      <h4>{NAMES[name]}</h4>
      <p className="change-marks">
        <ResultMark look={lookOf(was)} />
        <span aria-hidden="true">→</span>
        <span className="unseen">is now</span>
        <ResultMark look={lookOf(is)} />
      </p>
      {is.result === 'fail' && <p>{is.sentence}</p>}
      <p className="fine">
        Reason <code>{is.reason}</code>
        {is.reason === 'record-not-shown' && ': it rested on the record'}
      </p>
    </li>
  )
}
