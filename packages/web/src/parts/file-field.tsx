import { useId } from 'react'

interface Props {
  label: string
  hint?: string
  accept?: string
  onFile(file: File): void
}

export function FileField({ label, hint, accept, onFile }: Props) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="file"
        accept={accept}
        aria-describedby={hint && `${id}-hint`}
        onChange={event => {
          const file = event.target.files?.[0]
          if (file !== undefined) onFile(file)
          // So that the same file, changed on disk, can be chosen again.
          event.target.value = ''
        }}
      />
      {hint && (
        <p className="fine" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}
