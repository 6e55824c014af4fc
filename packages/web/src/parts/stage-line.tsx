import type { Fetched } from '../lib/follow.ts'

interface Props {
  fetched: Fetched
  cosigners: number
  again(): void
}

/** How far the record is: committed at once, witnessed about a second later. */
export function StageLine({ fetched: { witnessed, following }, cosigners, again }: Props) {
  return (
    <div className="stages">
      <ol>
        <li className="stage-done">
          <strong>Committed</strong>
          <span className="soft">durable, and under the log’s signature</span>
        </li>
        <li className={witnessed ? 'stage-done' : 'stage-open'}>
          <strong>{witnessed ? 'Witnessed' : 'Not witnessed yet'}</strong>
          <span className="soft">
            {witnessed
              ? `${cosigners} ${cosigners === 1 ? 'witness' : 'witnesses'} put a cosignature on the log since`
              : following
                ? 'waiting for the witnesses’ cosignatures, usually a second…'
                : 'the witnesses have not cosigned so far; the record stands, and they can still catch up'}
          </span>
        </li>
      </ol>
      {!witnessed && !following && (
        <button type="button" className="quiet" onClick={again}>
          Look again
        </button>
      )}
    </div>
  )
}
