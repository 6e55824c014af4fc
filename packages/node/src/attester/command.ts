/**
 * Any program that prints evidence: for Nitro's security module, for NVIDIA's tools, for what comes next. It is started without a
 * shell, with the bytes to have signed as hex in its arguments; what it prints, within bounds and in time, is the evidence.
 */
import { spawn } from 'node:child_process'
import { fromBase64, fromHex, toHex } from '@answerable/core'
import { type Format, readEvidence } from '@answerable/core/evidence'
import {
  type Attested,
  type Attester,
  attesterError,
  fewWords,
  inTime,
  MAX_EVIDENCE_BYTES,
  reportDataFor,
} from './attester.ts'

/** Stands in an argument for the bytes, in hex. */
export const PLACEHOLDER = '{hex}'

export interface CommandOptions {
  /** The program, by its path or by a name on PATH, and its arguments. */
  argv: readonly string[]
  format: Format
  /**
   * How the program prints it; `auto` finds it in whatever tools put around it, as `evidence check` does, with certificates that
   * come along.
   */
  output: 'auto' | 'binary' | 'hex' | 'base64'
  timeoutMs: number
}

const KIND = 'command'
const MOST_ERROR_BYTES = 2048

export function commandAttester({ argv, format, output, timeoutMs }: CommandOptions): Attester {
  const name = `${KIND} ${argv[0]}`
  return {
    kind: KIND,
    attest: (data, outer) =>
      inTime(name, timeoutMs, outer, async signal => {
        const hex = toHex(reportDataFor(format, data))
        const [program, ...rest] = argv.map(one => one.replaceAll(PLACEHOLDER, hex))
        const printed = await outputOf(name, program!, rest, output === 'binary' ? 1 : 3, signal)
        if (printed.length === 0) throw attesterError(name, 'it printed nothing')
        const attested =
          output === 'auto'
            ? found(name, printed, format)
            : { format, bytes: decoded(name, printed, output), endorsements: [] }
        if (attested.bytes.length > MAX_EVIDENCE_BYTES)
          throw attesterError(name, `it printed over ${MAX_EVIDENCE_BYTES} bytes of evidence`)
        return attested
      }),
  }
}

function outputOf(
  name: string,
  program: string,
  args: readonly string[],
  factor: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it started ends with it.
    const child = spawn(program, args, {
      shell: false,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const kill = () => {
      try {
        if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL')
        else process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It is gone already.
      }
    }
    const parts: Buffer[] = []
    let length = 0
    let said = ''
    const fail = (message: string, cause?: unknown) => {
      kill()
      reject(attesterError(name, message, cause))
    }
    const abort = () => fail('given up')
    signal.addEventListener('abort', abort, { once: true })
    child.stdout.on('data', (part: Buffer) => {
      length += part.length
      if (length > MAX_EVIDENCE_BYTES * factor) fail(`it prints over ${MAX_EVIDENCE_BYTES * factor} bytes`)
      else parts.push(part)
    })
    child.stderr.on('data', (part: Buffer) => {
      if (said.length < MOST_ERROR_BYTES) said += part.toString()
    })
    child.on('error', cause => {
      const { code } = cause as NodeJS.ErrnoException
      fail(code === 'ENOENT' ? 'no such program' : `cannot be started (${code})`, cause)
    })
    child.on('close', (code, ended) => {
      signal.removeEventListener('abort', abort)
      if (code === 0) resolve(Buffer.concat(parts))
      else {
        const words = fewWords(said)
        fail(
          `${code === null ? `ended by ${ended}` : `exit status ${code}`}${words === '' ? '' : `: ${words}`}`,
        )
      }
    })
  })
}

function found(name: string, printed: Uint8Array, format: Format): Attested {
  let own: Attested[]
  try {
    own = readEvidence(printed).found.filter(one => one.format === format)
  } catch (cause) {
    throw attesterError(name, `what it printed cannot be read: ${(cause as Error).message}`, cause)
  }
  const [one, ...more] = own
  if (one === undefined || more.length > 0)
    throw attesterError(name, `it printed ${own.length} documents of ${format} where one belongs`)
  return { format, bytes: one.bytes, endorsements: one.endorsements }
}

function decoded(name: string, printed: Buffer, output: 'binary' | 'hex' | 'base64'): Uint8Array {
  if (output === 'binary') return new Uint8Array(printed)
  const text = printed.toString('latin1').replace(/\s+/g, '')
  try {
    return output === 'hex' ? fromHex(text.toLowerCase()) : fromBase64(text)
  } catch (cause) {
    throw attesterError(name, `what it printed is not ${output}`, cause)
  }
}
