import { portableSuite } from '@answerable/core/portable'
import { useState } from 'react'
import { number } from '../lib/words.ts'

const MOST_SHOWN = 64 * 1024

interface Props {
  title: string
  bytes: Uint8Array
}

/** Bytes as they went over the wire, folded; hashed and decoded only where somebody looks. */
export function ExactBytes({ title, bytes }: Props) {
  const [open, setOpen] = useState(false)
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {title} <span className="soft">{number(bytes.length)} bytes</span>
      </summary>
      {open && (
        <>
          <section className="bytes" aria-label={`${title}, exact bytes`}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
            <pre tabIndex={0}>{new TextDecoder().decode(bytes.subarray(0, MOST_SHOWN))}</pre>
          </section>
          {bytes.length > MOST_SHOWN && (
            <p className="fine">The first {number(MOST_SHOWN)} bytes are shown.</p>
          )}
          <p className="fine">
            SHA-256 <code className="hash">{portableSuite.sha256Hex(bytes)}</code>
          </p>
        </>
      )}
    </details>
  )
}
