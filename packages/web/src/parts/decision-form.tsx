import { type FormEvent, useState } from 'react'
import {
  defaults,
  type Feature,
  type Fields,
  fieldProblem,
  requestBytes,
  type Schema,
} from '../lib/credit.ts'
import { FeatureField } from './feature-field.tsx'

const MODELS: Record<string, string> = {
  'credit-f32': '32-bit floating point',
  'credit-int8': 'the same network in 8-bit integers',
  'credit-second-look': 'asks both; where they differ, a person is to decide',
}

interface Props {
  schema: Schema
  /** Credit models that are served. */
  models: readonly string[]
  busy: boolean
  onAsk(model: string, request: Uint8Array<ArrayBuffer>): void
}

export function DecisionForm({ schema, models, busy, onAsk }: Props) {
  const [fields, setFields] = useState<Fields>(() => defaults(schema))
  const [chosen, setChosen] = useState(models[0]!)
  const [judged, setJudged] = useState(false)
  const [unfolded, setUnfolded] = useState(false)
  const model = models.includes(chosen) ? chosen : models[0]!

  function submit(event: FormEvent) {
    event.preventDefault()
    if (busy) return
    const wrong = [...schema.telling, ...schema.rest].find(feature =>
      fieldProblem(feature, fields[feature.name]!),
    )
    setJudged(true)
    if (wrong === undefined) return onAsk(model, requestBytes(schema, fields))
    if (schema.rest.includes(wrong)) setUnfolded(true)
    // After the fold is open, so that there is something to go to.
    requestAnimationFrame(() => document.getElementById(`field-${wrong.name}`)?.focus())
  }

  const field = (feature: Feature) => (
    <FeatureField
      key={feature.name}
      feature={feature}
      value={fields[feature.name]!}
      judged={judged}
      onChange={value => setFields(before => ({ ...before, [feature.name]: value }))}
    />
  )
  return (
    <form onSubmit={submit} noValidate aria-label="An applicant for a loan">
      <div className="fields">{schema.telling.map(field)}</div>
      <details open={unfolded} onToggle={event => setUnfolded(event.currentTarget.open)}>
        <summary>{schema.rest.length} more inputs, filled in with an ordinary applicant’s</summary>
        <div className="fields">{schema.rest.map(field)}</div>
      </details>
      <fieldset className="models">
        <legend>Model</legend>
        {models.map(name => (
          <label key={name} className="choice">
            <input
              type="radio"
              name="model"
              value={name}
              checked={name === model}
              onChange={() => setChosen(name)}
            />
            <span>
              {name} {MODELS[name] && <span className="soft">{MODELS[name]}</span>}
            </span>
          </label>
        ))}
      </fieldset>
      <button type="submit" className="main" aria-disabled={busy}>
        {busy ? 'Asking…' : 'Ask for the decision'}
      </button>
    </form>
  )
}
