import { useState } from 'react'
import { type Answered, infer, type Status } from '../lib/api.ts'
import { getSchema } from '../lib/credit.ts'
import { type Problem, problemOf } from '../lib/problem.ts'
import { useLoaded } from '../lib/use-loaded.ts'
import { DecisionAnswer } from './decision-answer.tsx'
import { DecisionForm } from './decision-form.tsx'
import { ProblemNote } from './problem-note.tsx'
import { Section } from './section.tsx'

const MODELS = ['credit-f32', 'credit-int8', 'credit-second-look']

interface Props {
  status?: Status
  answered?: Answered
  onAnswered(answered: Answered | undefined): void
}

export function AskSection({ status, answered, onAnswered }: Props) {
  const schema = useLoaded(getSchema)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const served = MODELS.filter(name => status === undefined || status.models.includes(name))

  async function ask(model: string, request: Uint8Array<ArrayBuffer>) {
    setBusy(true)
    setProblem(undefined)
    try {
      onAnswered(await infer(model, request))
    } catch (error) {
      onAnswered(undefined)
      setProblem(problemOf(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Section
      id="ask"
      title="Ask for a credit decision"
      lead="Describe somebody who wants a loan. A small model on this server decides, and its answer is on record before you see it."
    >
      <div className="split">
        <div>
          {schema.value && served.length > 0 && (
            <DecisionForm schema={schema.value} models={served} busy={busy} onAsk={ask} />
          )}
          {schema.value && served.length === 0 && <p>This server has no credit model to ask.</p>}
          {schema.problem && !schema.value && (
            <ProblemNote what="The form cannot be shown." problem={schema.problem} again={schema.again} />
          )}
          {!schema.value && !schema.problem && <p className="soft">Loading the form…</p>}
        </div>
        <div className="answer" aria-live="polite" aria-busy={busy}>
          <h3>The answer</h3>
          {problem && <ProblemNote what="There is no answer." problem={problem} />}
          {answered && <DecisionAnswer answered={answered} />}
          {!answered && !problem && (
            <p className="soft">
              {busy
                ? 'Asking…'
                : 'Nothing asked yet. The form is filled in; one press of the button is enough.'}
            </p>
          )}
        </div>
      </div>
    </Section>
  )
}
