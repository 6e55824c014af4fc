import type { Status } from '../lib/api.ts'
import type { Loaded } from '../lib/use-loaded.ts'
import { number, plural } from '../lib/words.ts'
import { ProblemNote } from './problem-note.tsx'

/** How things stand, and who runs them. */
export function Standing({ status }: { status: Loaded<Status> }) {
  const { value, problem, again } = status
  if (problem) return <ProblemNote what="How things stand is not known." problem={problem} again={again} />
  if (value === undefined) return <p className="standing-wait">Asking the server how things stand…</p>
  const { network, owners, witnesses, signed, witnessed, writable } = value
  const up = witnesses.filter(witness => witness.up).length
  const names = owners.map(({ name }) => name).join(', ')
  return (
    <section className="standing" aria-label="How things stand">
      <dl>
        <div>
          <dt>Network</dt>
          <dd>{network}</dd>
        </div>
        <div>
          <dt>Records in the log</dt>
          <dd>
            {number(signed)} <span className="soft">({number(Math.min(witnessed, signed))} witnessed)</span>
          </dd>
        </div>
        <div>
          <dt>Witnesses up</dt>
          <dd>
            {number(up)} of {number(witnesses.length)}
          </dd>
        </div>
        <div>
          <dt>Who runs it</dt>
          <dd>
            {plural(witnesses.length, 'witness', 'witnesses')}, {plural(owners.length, 'owner')}: {names}
          </dd>
        </div>
      </dl>
      {owners.length === 1 && (
        <p className="soft">
          One owner runs everything here: the model, the log and the witnesses. So these witnesses catch
          faults and accidents; they do not catch an owner who cheats. In a network worth relying on, others
          run them.
        </p>
      )}
      {up < witnesses.length && (
        <p>
          <strong>
            {plural(witnesses.length - up, 'witness does', 'witnesses do')} not answer at present.
          </strong>{' '}
          Answers go on; receipts are witnessed once enough of them are back.
        </p>
      )}
      {!writable && (
        <p>
          <strong>The log cannot be written at present.</strong> Nothing is answered that cannot be recorded.
        </p>
      )}
    </section>
  )
}
