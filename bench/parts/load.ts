/**
 * Load: `connections` callers, each with one request at a time over a kept-alive raw socket. Measures for a fixed
 * time after a warm-up, and prints one line of JSON.
 */
import { connect } from 'node:net'

const [port, connections, seconds, path = '/v1/chat/completions', streams = ''] = process.argv.slice(2)
const body = Buffer.from(
  JSON.stringify({
    model: 'bench',
    messages: [{ role: 'user', content: 'Say something about foxes. '.repeat(16) }],
    temperature: 0.2,
    ...(streams === 'stream' && { stream: true }),
  }),
)
const request = Buffer.concat([
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\nx-portkey-provider: openai\r\nx-portkey-custom-host: ${process.env.CUSTOM_HOST ?? ''}\r\nauthorization: Bearer none\r\ncontent-length: ${body.length}\r\n\r\n`,
  ),
  body,
])
const WARM = 3000
let measuring = false
let errors = 0
const times: number[] = []
const firstBytes: number[] = []

function caller(): void {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true })
  let started = 0
  let first = 0
  let held: Buffer = Buffer.alloc(0)
  const send = () => {
    started = performance.now()
    first = 0
    socket.write(request)
  }
  socket.on('connect', send)
  socket.on('data', (data: Buffer) => {
    held = held.length === 0 ? data : Buffer.concat([held, data])
    const head = held.indexOf('\r\n\r\n')
    if (head === -1) return
    const heads = held.toString('latin1', 0, head)
    const chunked = /transfer-encoding: chunked/i.test(heads)
    if (first === 0 && held.length > head + 4) first = performance.now()
    const length = Number(/content-length: (\d+)/i.exec(heads)?.[1] ?? -1)
    const complete = chunked
      ? held.subarray(-5).toString('latin1') === '0\r\n\r\n'
      : length >= 0 && held.length >= head + 4 + length
    if (!complete) return
    if (measuring) {
      times.push(performance.now() - started)
      firstBytes.push(first - started)
      if (!heads.startsWith('HTTP/1.1 200')) errors++
    }
    held = Buffer.alloc(0)
    send()
  })
  socket.on('error', () => {
    errors++
    socket.destroy()
  })
}

const quantile = (list: number[], q: number) =>
  [...list].sort((a, b) => a - b)[Math.floor(q * (list.length - 1))] ?? 0
const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length

for (let i = 0; i < Number(connections); i++) caller()
setTimeout(() => {
  measuring = true
  const begin = performance.now()
  process.send?.('begin')
  setTimeout(() => {
    const elapsed = (performance.now() - begin) / 1000
    const result = {
      perSecond: times.length / elapsed,
      calls: times.length,
      errors,
      mean: mean(times),
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      firstByteMean: mean(firstBytes),
      firstByteP50: quantile(firstBytes, 0.5),
    }
    console.log(JSON.stringify(result))
    process.exit(0)
  }, Number(seconds) * 1000)
}, WARM)
