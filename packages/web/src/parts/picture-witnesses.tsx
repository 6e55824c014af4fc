export interface Seal {
  name: string
  /** Whether the cosignature holds under a key that the reader trusts. */
  checked: boolean
}

interface Props {
  seals: readonly Seal[]
  y: number
}

const MOST = 4

/** The witnesses' seals under the checkpoint. */
export function PictureWitnesses({ seals, y }: Props) {
  if (seals.length === 0)
    return (
      <g>
        <path className="pic-way pic-dots" d={`M170 ${y}v34`} />
        <text className="pic-small" x="170" y={y + 52}>
          no witness has cosigned so far
        </text>
      </g>
    )
  const shown = seals.slice(0, MOST)
  const gap = 340 / shown.length
  return (
    <g>
      {shown.map(({ name, checked }, i) => {
        const x = gap * (i + 0.5)
        return (
          <g key={name}>
            <path className={checked ? 'pic-way' : 'pic-way pic-dots'} d={`M170 ${y}L${x} ${y + 40}`} />
            <circle className={checked ? 'pic-seal' : 'pic-seal pic-unchecked'} cx={x} cy={y + 52} r="13" />
            {checked ? (
              <path className="pic-tick" d={`M${x - 5} ${y + 52}l4 4 7-8`} />
            ) : (
              <text className="pic-strong" x={x} y={y + 57}>
                ?
              </text>
            )}
            <text className="pic-small" x={x} y={y + 82}>
              {shorten(name)}
            </text>
          </g>
        )
      })}
      <text className="pic-small" x="170" y={y + 102}>
        {seals.length > MOST
          ? `and ${seals.length - MOST} more witnesses`
          : seals[0]!.checked
            ? 'cosigned'
            : 'cosigned, says the receipt: not checked'}
      </text>
    </g>
  )
}

/** Key names are often paths; their last part tells them apart. */
function shorten(name: string): string {
  const last = name.split('/').at(-1)!
  return last.length > 14 ? `${last.slice(0, 13)}…` : last
}
