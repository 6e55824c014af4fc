/** One HTTP request over a Unix socket of this machine: a bounded answer, or an error that says why there is none. */
import { request } from 'node:http'
import { attesterError, fewWords, MAX_EVIDENCE_BYTES } from './attester.ts'

/** In JSON the evidence is hex, and stands beside a log of events. */
const MOST_BYTES = 8 * MAX_EVIDENCE_BYTES

export interface SocketRequest {
  kind: string
  socket: string
  path: string
  body: unknown
  signal: AbortSignal
}

/** The body of a 200 answer. Throws `unavailable`. */
export function postToSocket({ kind, socket, path, body, signal }: SocketRequest): Promise<Buffer> {
  const text = JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: unknown) => reject(attesterError(kind, message, cause))
    const call = request(
      {
        socketPath: socket,
        path,
        method: 'POST',
        // The socket is the address; the name only has to be one.
        headers: {
          host: 'localhost',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
        },
        signal,
      },
      response => {
        const parts: Buffer[] = []
        let length = 0
        response.on('data', (part: Buffer) => {
          length += part.length
          if (length > MOST_BYTES) {
            fail(`${socket}: answers with over ${MOST_BYTES} bytes`)
            call.destroy()
          } else parts.push(part)
        })
        response.on('error', cause => fail(`${socket}: its answer broke off`, cause))
        response.on('end', () => {
          const bytes = Buffer.concat(parts)
          if (response.statusCode === 200) resolve(bytes)
          else fail(`${socket}: status ${response.statusCode}: ${fewWords(bytes.toString('utf8', 0, 600))}`)
        })
      },
    )
    call.on('error', cause => {
      const { code } = cause as NodeJS.ErrnoException
      const why = code === 'ENOENT' ? 'not there: this is not such a machine' : (code ?? cause.message)
      fail(`${socket}: ${why}`, cause)
    })
    call.end(text)
  })
}
