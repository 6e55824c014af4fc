/** What the proxy prints: one line a call. */
import type { RecordedCall } from './call.ts'
import type { Refused } from './options.ts'

export type Line = { text: string; json: Record<string, unknown>; refused: boolean }

const NO_ID = '-'.padEnd(36)

/** `01a1fe2d-...  200   1,279 B  recorded: pass (committed)` */
export function receiptLine(call: RecordedCall): Line {
  const { id, method, url, status, responseBytes: bytes, interrupted, state, verification } = call
  const { result, reason, basis } = verification.claims.recorded
  const cut = interrupted ? ', cut off' : ''
  return {
    text: line(id, status, bytes, `recorded: ${result} (${reason}${cut})`),
    json: {
      id,
      method,
      path: pathOf(url),
      status,
      bytes,
      recorded: { result, reason, basis },
      state,
      interrupted,
    },
    refused: false,
  }
}

export function refusedLine({ id, method, url, status, response, code, reason }: Refused): Line {
  const bytes = response.length
  return {
    text: line(id, status, bytes, `REFUSED ${code}: ${reason}`),
    json: { id: id ?? null, method, path: pathOf(url), status, bytes, refused: { code, reason } },
    refused: true,
  }
}

export function passedLine({ method, path, status }: { method: string; path: string; status: number }): Line {
  return {
    text: line(undefined, status, undefined, 'not recorded: refused before it was admitted'),
    json: { id: null, method, path: path.split('?', 1)[0], status, recorded: null },
    refused: false,
  }
}

function line(id: string | undefined, status: number, bytes: number | undefined, words: string): string {
  const size = bytes === undefined ? '' : `${bytes.toLocaleString('en')} B`
  // What a gateway says of itself may hold anything, and goes to a terminal.
  const clean = words.replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
  return `${id ?? NO_ID}  ${status}  ${size.padStart(11)}  ${clean}`
}

/** Without the query, where keys are sometimes put. */
function pathOf(url: string): string {
  return new URL(url).pathname
}
