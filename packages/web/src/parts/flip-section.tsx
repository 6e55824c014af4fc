import { useEffect, useMemo, useState } from 'react'
import type { Checker } from '../lib/check.ts'
import type { Subject } from '../lib/subject.ts'
import { flip, type Part, partsOf } from '../lib/tamper.ts'
import { number, summary } from '../lib/words.ts'
import { Fallen } from './fallen.tsx'
import { HexWindow } from './hex-window.tsx'
import { Section } from './section.tsx'
import { VerdictLine } from './verdict-line.tsx'

interface Props {
  /** What can be flipped: the decision's receipt, the file's. */
  subjects: readonly Subject[]
  checker: Checker
  trusted: boolean
}

export function FlipSection({ subjects, checker, trusted }: Props) {
  const [chosen, setChosen] = useState(0)
  const subject = subjects[chosen] ?? subjects[0]
  // A receipt that was just opened is the one to look at.
  useEffect(() => setChosen(Math.max(0, subjects.length - 1)), [subjects.length])
  return (
    <Section
      id="flip"
      title="Flip a byte"
      lead="Change one bit anywhere in a receipt, and see which claim falls, and why. The change stays in this page."
    >
      {subjects.length > 1 && (
        <div className="field">
          <label htmlFor="flip-subject">Receipt</label>
          <select
            id="flip-subject"
            value={subjects.indexOf(subject!)}
            onChange={event => setChosen(Number(event.target.value))}
          >
            {subjects.map(({ title }, i) => (
              <option key={title} value={i}>
                {title}
              </option>
            ))}
          </select>
        </div>
      )}
      {subject ? (
        <Flipper key={subject.title} subject={subject} checker={checker} trusted={trusted} />
      ) : (
        <p className="soft">Ask for a decision, or open a receipt, and there are bytes to flip.</p>
      )}
    </Section>
  )
}

function Flipper({ subject, checker, trusted }: { subject: Subject; checker: Checker; trusted: boolean }) {
  const [partId, setPartId] = useState('statement')
  const [wanted, setWanted] = useState<number>()
  const [flipped, setFlipped] = useState(false)
  const { receipt, given } = subject
  const parts = useMemo(() => partsOf(receipt), [receipt])
  const part: Part = parts.find(({ id }) => id === partId) ?? parts[0]!
  const last = part.bytes.length - 1
  // A receipt that was fetched anew may have other lengths.
  const at = Math.min(wanted ?? part.telling, Math.max(0, last))
  const before = useMemo(() => checker.check(receipt, given).verification, [checker, receipt, given])
  const change = useMemo(() => {
    if (!flipped || last < 0) return undefined
    const bytes = flip(part.bytes, at)
    return { bytes, after: checker.check(part.put(bytes), given).verification }
  }, [flipped, part, at, last, checker, given])

  function choosePart(id: string) {
    setPartId(id)
    setWanted(undefined)
  }

  return (
    <div className="split">
      <div className="flip-controls">
        <div className="field">
          <label htmlFor="flip-part">Part of the receipt</label>
          <select id="flip-part" value={part.id} onChange={event => choosePart(event.target.value)}>
            {parts.map(({ id, label, bytes }) => (
              <option key={id} value={id}>
                {label} ({number(bytes.length)} bytes)
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor="flip-at">
            Byte <span className="figures">{number(at)}</span> of 0 to {number(Math.max(0, last))}
          </label>
          <input
            id="flip-at"
            type="range"
            min={0}
            max={Math.max(0, last)}
            value={at}
            onChange={event => setWanted(Number(event.target.value))}
          />
        </div>
        <div className="actions">
          {flipped ? (
            <button type="button" className="main" onClick={() => setFlipped(false)}>
              Undo
            </button>
          ) : (
            <button type="button" className="main" onClick={() => setFlipped(true)} disabled={last < 0}>
              Flip this byte
            </button>
          )}
          <button
            type="button"
            className="quiet"
            onClick={() => setWanted(Math.floor(Math.random() * part.bytes.length))}
          >
            Random byte
          </button>
        </div>
        <div className="hexes">
          <HexWindow title={change ? 'Before' : 'As it is'} bytes={part.bytes} at={at} />
          {change && <HexWindow title="After: its lowest bit changed" bytes={change.bytes} at={at} />}
        </div>
      </div>
      <div className="answer">
        <p className="unseen" role="status">
          {change ? summary(change.after) : ''}
        </p>
        <h3>{change ? 'What falls' : 'As received'}</h3>
        {change ? (
          <>
            <VerdictLine verification={change.after} />
            <Fallen before={before} after={change.after} trusted={trusted} />
          </>
        ) : (
          <>
            <VerdictLine verification={before} />
            <p className="soft">Nothing is changed. Flip a byte to see what depends on it.</p>
          </>
        )}
      </div>
    </div>
  )
}
