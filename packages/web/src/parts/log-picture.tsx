import { toHex } from '@answerable/core'
import type { Verification } from '@answerable/core/receipt'
import { useId } from 'react'
import { type ProofFacts, pathOf, type Step } from '../lib/proof.ts'
import { number, plural } from '../lib/words.ts'
import { PictureRung } from './picture-rung.tsx'
import { PictureWitnesses, type Seal } from './picture-witnesses.tsx'

interface Props {
  facts: ProofFacts
  verification: Verification
}

/** Steps drawn at most: the rest of a long path stands as one line of dots. */
const MOST_STEPS = 6
const RUNG = 46
const LEAF_Y = 176

/** From the call to the witnesses, top to bottom, with this record's way through the tree of the log. */
export function LogPicture({ facts: { index, size, root, cosigners }, verification }: Props) {
  const id = useId()
  const all = pathOf(index, size)
  const steps: (Step | number)[] =
    all.length <= MOST_STEPS
      ? all
      : [...all.slice(0, 3), all.length - MOST_STEPS + 1, ...all.slice(-(MOST_STEPS - 4))]
  const rootY = LEAF_Y + steps.length * RUNG
  const { record } = verification
  const seals: Seal[] = record
    ? record.witnesses.map(({ name }) => ({ name, checked: true }))
    : cosigners.map(name => ({ name, checked: false }))
  const height = rootY + 204
  return (
    <figure className="picture">
      <svg viewBox={`0 0 340 ${height}`} role="img" aria-labelledby={`${id}-title ${id}-desc`}>
        <title id={`${id}-title`}>From your call to the witnesses</title>
        <desc id={`${id}-desc`}>
          {`The request and the answer are hashed into one statement, the record. Its hash is entry ${index}, counted from 0, of a log of ${plural(size, 'entry', 'entries')}. ${plural(all.length, 'hash', 'hashes')} in the proof lead from it to the root of the log’s tree. A checkpoint over the root is signed by the log, and cosigned by ${seals.length === 0 ? 'no witness so far' : `${plural(seals.length, 'witness', 'witnesses')}: ${seals.map(({ name }) => name).join(', ')}`}${record || seals.length === 0 ? '' : ' (not checked: you trust none of these keys)'}.`}
        </desc>
        <rect className="pic-box" x="50" y="1" width="240" height="44" rx="6" />
        <text className="pic-strong" x="170" y="20">
          Your call
        </text>
        <text className="pic-small" x="170" y="36">
          what was asked, what was answered
        </text>
        <path className="pic-way" d="M170 45v25" />
        <rect className="pic-box" x="50" y="70" width="240" height="44" rx="6" />
        <text className="pic-strong" x="170" y="89">
          The record
        </text>
        <text className="pic-small" x="170" y="105">
          a statement of hashes and times
        </text>
        <path className="pic-way" d={`M170 114V${LEAF_Y}`} />
        <text className="pic-small pic-start" x="186" y={LEAF_Y - 20}>
          {`entry ${number(index)}, counted from 0`}
        </text>
        {steps.map((step, i) => (
          <PictureRung
            key={typeof step === 'number' ? 'more' : step.first}
            step={step}
            y={LEAF_Y + i * RUNG}
            height={RUNG}
          />
        ))}
        {size > 1 && <circle className="pic-here" cx="170" cy={LEAF_Y} r="9" />}
        <circle className="pic-root" cx="170" cy={rootY} r="11" />
        <path className="pic-way" d={`M170 ${rootY + 11}v21`} />
        <rect className="pic-box pic-signed" x="50" y={rootY + 32} width="240" height="62" rx="6" />
        <text className="pic-strong" x="170" y={rootY + 51}>
          Checkpoint, signed by the log
        </text>
        <text className="pic-small" x="170" y={rootY + 68}>
          {plural(size, 'entry', 'entries')}, under the root
        </text>
        <text className="pic-mono" x="170" y={rootY + 84}>
          {`${toHex(root).slice(0, 24)}…`}
        </text>
        <PictureWitnesses seals={seals} y={rootY + 94} />
      </svg>
      <figcaption className="fine">
        {all.length === 0
          ? 'It is the log’s only entry so far, so its hash is the root.'
          : `Filled: worked out here from the record. Hollow: ${all.length === 1 ? 'the one hash in the proof, which stands' : `the ${number(all.length)} hashes in the proof, which stand`} for all other entries. If one byte of the record were other, the root would be too.`}
      </figcaption>
    </figure>
  )
}
