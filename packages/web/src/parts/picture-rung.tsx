import type { Step } from '../lib/proof.ts'
import { number } from '../lib/words.ts'

interface Props {
  /** Or how many steps are left out here. */
  step: Step | number
  y: number
  height: number
}

/** One step towards the root: the hash so far, and the one of the proof that it is hashed with. */
export function PictureRung({ step, y, height }: Props) {
  const next = y + height
  if (typeof step === 'number')
    return (
      <g>
        <path className="pic-way pic-dots" d={`M170 ${y}V${next}`} />
        <text className="pic-small pic-start" x="186" y={y + height / 2 + 4}>
          {number(step)} more
        </text>
        <circle className="pic-node" cx="170" cy={next} r="7" />
      </g>
    )
  const x = step.side === 'left' ? 62 : 278
  const entries =
    step.first === step.last ? `entry ${number(step.first)}` : `${number(step.first)} to ${number(step.last)}`
  return (
    <g>
      <path className="pic-way" d={`M170 ${y}V${next}`} />
      <path className="pic-side" d={`M${x} ${y + 8}L170 ${next}`} />
      <circle className="pic-sibling" cx={x} cy={y + 8} r="7" />
      <text className="pic-small" x={x} y={y + 30}>
        {entries}
      </text>
      <circle className="pic-node" cx="170" cy={next} r="7" />
    </g>
  )
}
