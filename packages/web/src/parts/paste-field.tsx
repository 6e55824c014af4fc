import { useState } from 'react'

export function PasteField({ onText }: { onText(text: string): void }) {
  const [text, setText] = useState('')
  return (
    <details>
      <summary>Or paste its text</summary>
      <div className="field">
        <label htmlFor="paste">The text of a receipt</label>
        <textarea
          id="paste"
          rows={5}
          spellCheck={false}
          value={text}
          onChange={event => setText(event.target.value)}
        />
      </div>
      <button type="button" className="quiet" onClick={() => onText(text)} disabled={text.trim() === ''}>
        Check this text
      </button>
    </details>
  )
}
