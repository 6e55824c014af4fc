import type { Receipt } from '@answerable/core/receipt'
import { type DragEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { Checker } from '../lib/check.ts'
import { readBytes, receiptFromFile, receiptFromText } from '../lib/open-file.ts'
import { type Problem, problemOf } from '../lib/problem.ts'
import { proofFacts } from '../lib/proof.ts'
import type { Subject } from '../lib/subject.ts'
import { ClaimsView } from './claims-view.tsx'
import { FileField } from './file-field.tsx'
import { LogPicture } from './log-picture.tsx'
import { PasteField } from './paste-field.tsx'
import { ProblemNote } from './problem-note.tsx'
import { Section } from './section.tsx'

interface Props {
  checker: Checker
  opened?: Subject
  onOpened(subject: Subject | undefined): void
}

export function CheckSection({ checker, opened, onOpened }: Props) {
  const [problem, setProblem] = useState<Problem>()
  const [over, setOver] = useState(false)
  const turns = useRef(0)
  const checked = useMemo(() => opened && checker.check(opened.receipt, opened.given), [checker, opened])
  const facts = opened && proofFacts(opened.receipt)

  useEffect(() => {
    // A file that misses its place would otherwise take the reader off the page.
    const keep = (event: Event) => {
      if (!(event.target instanceof HTMLInputElement)) event.preventDefault()
    }
    window.addEventListener('dragover', keep)
    window.addEventListener('drop', keep)
    return () => {
      window.removeEventListener('dragover', keep)
      window.removeEventListener('drop', keep)
    }
  }, [])

  async function attempt(work: () => Promise<Subject>) {
    // Of two files opened in a row the second counts, though the first may take longer to read.
    const turn = ++turns.current
    const [subject, fault] = await work().then(
      done => [done, undefined] as const,
      error => [undefined, problemOf(error)] as const,
    )
    if (turn !== turns.current) return
    if (subject) onOpened(subject)
    setProblem(fault)
  }

  const open = (title: string, read: () => Receipt | Promise<Receipt>) =>
    attempt(async () => {
      onOpened(undefined)
      return { title, receipt: await read(), given: {} }
    })

  const compare = (name: 'request' | 'response', file: File) =>
    attempt(async () => ({ ...opened!, given: { ...opened!.given, [name]: await readBytes(file) } }))

  function close() {
    onOpened(undefined)
    document.getElementById('check-title')?.focus()
  }

  function drop(event: DragEvent) {
    event.preventDefault()
    setOver(false)
    const file = event.dataTransfer.files[0]
    if (file !== undefined) open(file.name, () => receiptFromFile(file))
  }

  return (
    <Section
      id="check"
      title="Check any receipt"
      lead="A receipt is a file that stands on its own. It is read here in your browser, and goes nowhere."
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the file field does the same */}
      <div
        className={over ? 'drop drop-over' : 'drop'}
        onDragOver={event => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <FileField
          label="Drop a receipt here, or choose its file"
          accept=".json,application/json"
          onFile={file => open(file.name, () => receiptFromFile(file))}
        />
        <PasteField onText={text => open('the pasted text', () => receiptFromText(text))} />
      </div>
      <div aria-live="polite">
        {problem && <ProblemNote what="That cannot be used." problem={problem} />}
        {opened && checked && (
          <>
            <div className="with-picture">
              <ClaimsView checked={checked} title={`Six claims of ${opened.title}`} />
              {facts && <LogPicture facts={facts} verification={checked.verification} />}
            </div>
            {checked.verification.claims.recorded.reason === 'unknown-log' && (
              <p className="soft">
                The log is <code>{facts?.origin}</code>. This page can only offer you the keys of its own
                server; for another network, use <code>answerable trust add URL</code> and{' '}
                <code>answerable verify FILE</code>.
              </p>
            )}
            <div className="compare">
              <h3>Compare with what you hold</h3>
              <p className="soft">
                If you kept the exact bytes that you sent or got, the receipt must be about those and no
                others.
              </p>
              <div className="fields">
                {(['request', 'response'] as const).map(name => (
                  <FileField
                    key={name}
                    label={`Your ${name}`}
                    hint={
                      opened.given[name] ? `${opened.given[name].length} bytes are compared.` : 'Optional'
                    }
                    onFile={file => compare(name, file)}
                  />
                ))}
              </div>
              <button type="button" className="quiet" onClick={close}>
                Close this receipt
              </button>
            </div>
          </>
        )}
      </div>
    </Section>
  )
}
