import type { Answered } from '../lib/api.ts'
import { decisionIn } from '../lib/credit.ts'
import { ExactBytes } from './exact-bytes.tsx'
import { ProblemNote } from './problem-note.tsx'

export function DecisionAnswer({ answered }: { answered: Answered }) {
  const { request, response, headers, problem, pending } = answered
  const decision = decisionIn(response)
  return (
    <>
      {problem && (
        <ProblemNote
          what={headers.length > 0 ? 'The server refused this, on record.' : 'There is no decision.'}
          problem={problem}
        />
      )}
      {decision && (
        <div className="decision">
          <p className="decision-word">{decision.approved ? 'Approved' : 'Declined'}</p>
          <p>
            <strong className="figures">{(decision.probability * 100).toFixed(1)} %</strong> probability that
            the loan would go on record as good, says <code>{decision.model}</code>.
          </p>
          {pending !== undefined && (
            <p className="pending">
              <strong>Pending a person’s decision.</strong> The models that were asked differ. Named to
              decide: {pending}.
            </p>
          )}
          <svg className="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect className="bar-all" width="100" height="6" rx="1" />
            <rect className="bar-part" width={decision.probability * 100} height="6" rx="1" />
          </svg>
          <p className="fine">
            A demonstration: trained on synthetic applicants, and biased on purpose as lending data has been.
            Not for a decision about anyone.
          </p>
        </div>
      )}
      {answered.receipt && (
        <p>
          <a href="#receipt">Its receipt is below</a>
        </p>
      )}
      <ExactBytes title="Request" bytes={request} />
      <ExactBytes title="Response" bytes={response} />
      {headers.length > 0 && (
        <details>
          <summary>Receipt headers</summary>
          <dl className="headers">
            {headers.map(({ name, value }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ))}
          </dl>
          <p className="fine">
            What stands after the # opens the content of this record. It is yours: whoever has it can read
            what was asked and answered.
          </p>
        </details>
      )}
    </>
  )
}
