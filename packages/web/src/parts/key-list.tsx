import type { KeyLine, OfferedKeys } from '../lib/trust.ts'
import { plural } from '../lib/words.ts'

/** Whose keys they are, and their fingerprints. */
export function KeyList({ keys: { logs, owners, ownersNeeded } }: { keys: OfferedKeys }) {
  return (
    <div className="keys">
      <Keys title={`${plural(logs.length, 'log')}`} lines={logs} />
      {owners.map(({ name, witnesses, threshold }) => (
        <Keys
          key={name}
          title={`${plural(witnesses.length, 'witness', 'witnesses')} of the owner “${name}”, of which ${threshold} must have seen a record`}
          lines={witnesses}
        />
      ))}
      <p className="fine">
        {ownersNeeded === 0
          ? 'No witness is asked for: the operator alone could alter records.'
          : `A record counts as witnessed once ${plural(ownersNeeded, 'owner')} of ${owners.length} saw it.${owners.length === 1 ? ' Witnesses of a single owner catch faults and accidents, and not that owner.' : ''}`}
      </p>
    </div>
  )
}

function Keys({ title, lines }: { title: string; lines: readonly KeyLine[] }) {
  return (
    <>
      <p className="label">{title}</p>
      <dl>
        {lines.map(({ name, fingerprint }) => (
          <div key={name + fingerprint}>
            <dt>{name}</dt>
            <dd>
              <code className="hash fingerprint">{fingerprint}</code>
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}
