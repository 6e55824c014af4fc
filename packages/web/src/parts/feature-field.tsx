import { type Feature, fieldProblem } from '../lib/credit.ts'

interface Props {
  feature: Feature
  value: string
  /** Whether to say what is wrong yet. */
  judged: boolean
  onChange(value: string): void
}

export function FeatureField({ feature: { name, label, kind }, feature, value, judged, onChange }: Props) {
  const id = `field-${name}`
  const problem = judged ? fieldProblem(feature, value) : undefined
  if (kind.type === 'category')
    return (
      <div className="field">
        <label htmlFor={id}>{label}</label>
        <select id={id} value={value} onChange={event => onChange(event.target.value)}>
          {kind.options.map(option => (
            <option key={option.code} value={option.code}>
              {option.label}
            </option>
          ))}
        </select>
      </div>
    )
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {kind.unit && <span className="soft">, {kind.unit}</span>}
      </label>
      <input
        id={id}
        type="number"
        inputMode="decimal"
        min={kind.min}
        max={kind.max}
        step={kind.step}
        value={value}
        onChange={event => onChange(event.target.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={problem && `${id}-problem`}
      />
      {problem && (
        <p className="field-problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  )
}
