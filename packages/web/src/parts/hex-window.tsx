import { number } from '../lib/words.ts'

interface Props {
  title: string
  bytes: Uint8Array
  /** The byte to look at. */
  at: number
}

const WIDTH = 8

/** A few rows of bytes around one, in hex and as text. */
export function HexWindow({ title, bytes, at }: Props) {
  const row = Math.floor(at / WIDTH)
  const rows = [row - 1, row, row + 1].filter(r => r >= 0 && r * WIDTH < bytes.length)
  return (
    <table className="hex">
      <caption>{title}</caption>
      <tbody>
        {rows.map(r => {
          const cells = Array.from({ length: WIDTH }, (_, i) => r * WIDTH + i)
          return (
            <tr key={r}>
              <th scope="row">{number(r * WIDTH)}</th>
              <td className="hex-bytes">
                {cells.map(i => (
                  <Cell key={i} here={i === at} text={i < bytes.length ? hex(bytes[i]!) : '  '} />
                ))}
              </td>
              <td className="hex-text">
                {cells.map(i => (
                  <Cell key={i} here={i === at} text={i < bytes.length ? character(bytes[i]!) : ' '} />
                ))}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Cell({ here, text }: { here: boolean; text: string }) {
  return here ? <mark>{text}</mark> : <span>{text}</span>
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}

function character(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'
}
