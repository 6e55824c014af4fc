import { useMemo, useRef } from 'react'
import type { TrustOffer } from '../lib/api.ts'
import { problemOf } from '../lib/problem.ts'
import { keysOf, readOffer, sameTrust } from '../lib/trust.ts'
import type { Loaded } from '../lib/use-loaded.ts'
import type { TrustState } from '../lib/use-trust.ts'
import { KeyList } from './key-list.tsx'
import { ProblemNote } from './problem-note.tsx'

interface Props {
  offer: Loaded<TrustOffer>
  trust: TrustState
}

/** Where the reader says whose keys they trust: nothing is believed on this page before. */
export function TrustPanel({ offer: { value, problem, again }, trust }: Props) {
  const { granted, lasting, grant, withdraw } = trust
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that was pressed goes away, and the focus must not go with it.
  const then = (act: () => void) => () => {
    act()
    heading.current?.focus()
  }
  const offered = useMemo(() => {
    if (value === undefined) return undefined
    try {
      const read = readOffer(value)
      return { read, keys: keysOf(read.parsed) }
    } catch (error) {
      return problemOf(error)
    }
  }, [value])
  const usable = offered !== undefined && 'read' in offered ? offered : undefined
  const isNew = usable !== undefined && !granted.some(({ parsed }) => sameTrust(parsed, usable.read.parsed))
  const changed = isNew && granted.some(({ name }) => name === usable.read.name)
  return (
    <div className="trust">
      <h3 ref={heading} tabIndex={-1}>
        Whose keys do you trust?
      </h3>
      {granted.map(({ name, parsed }) => (
        <div key={name} className="granted">
          <p>
            On this page you trust the keys of <strong>{name}</strong>.
            {!lasting && ' Your browser keeps nothing, so this lasts until you leave the page.'}
          </p>
          <button type="button" className="quiet" onClick={then(() => withdraw(name))}>
            Withdraw trust
          </button>
          <details>
            <summary>Show the keys</summary>
            <KeyList keys={keysOf(parsed)} />
          </details>
        </div>
      ))}
      {granted.length === 0 && (
        <p>
          A receipt brings no keys of its own: one that vouched for itself would show nothing. So until you
          say whose keys you trust, <em>Recorded</em> is <em>not checked, unknown-log</em>, and that is right.
        </p>
      )}
      {changed && (
        <p>
          <strong>The server now offers other keys than those you trust.</strong> Find out why before you
          trust these as well.
        </p>
      )}
      {usable && isNew && (
        <>
          <p>
            {granted.length === 0 ? 'This server offers its own' : 'It offers'}, as{' '}
            <strong>{usable.read.name}</strong>. Compare them with what you got some other way, for example
            from <code>answerable keys show</code> on the operator’s machine: on this page alone they are the
            server’s word.
          </p>
          <KeyList keys={usable.keys} />
          <button type="button" className="main" onClick={then(() => grant(usable.read))}>
            Trust these keys on this page
          </button>
        </>
      )}
      {offered !== undefined && 'code' in offered && (
        <ProblemNote what="The keys that the server offers cannot be read." problem={offered} again={again} />
      )}
      {problem && !value && (
        <ProblemNote what="The server’s keys are not known." problem={problem} again={again} />
      )}
      {!value && !problem && <p className="soft">Asking the server for its keys…</p>}
    </div>
  )
}
