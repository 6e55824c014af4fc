/**
 * The upstream of every measurement: raw sockets, so that it costs the least. Answers each request with the same chat
 * completion, or with a stream of `chunks` events where the request asks for one. Prints its port.
 */
import { createServer } from 'node:net'

const chunks = Number(process.argv[2] ?? 100)
const gap = Number(process.argv[3] ?? 0)
const text = 'The quick brown fox jumps over the lazy dog and thinks about it for a while. '.repeat(8)
const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1700000000,
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 100, completion_tokens: 120, total_tokens: 220 },
  }),
)
const WHOLE = Buffer.concat([
  Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n`,
  ),
  answer,
])
const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const event = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'bench', choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: null }] })}\n\n`
const piece = (body: string) => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`

const server = createServer({ noDelay: true }, socket => {
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    held = held.length === 0 ? data : Buffer.concat([held, data])
    for (;;) {
      const head = held.indexOf('\r\n\r\n')
      if (head === -1) return
      const length = /content-length: (\d+)/i.exec(held.toString('latin1', 0, head))
      const end = head + 4 + Number(length?.[1] ?? 0)
      if (held.length < end) return
      const streams = held.includes('"stream":true')
      held = held.subarray(end)
      if (streams) void stream(socket)
      else socket.write(WHOLE)
    }
  })
  socket.on('error', () => socket.destroy())
})

async function stream(socket: import('node:net').Socket): Promise<void> {
  socket.write(STREAM_HEAD)
  for (let i = 0; i < chunks; i++) {
    socket.write(piece(event))
    if (gap > 0) await new Promise(resolve => setTimeout(resolve, gap))
    else if (i % 16 === 15) await new Promise(resolve => setImmediate(resolve))
  }
  socket.write(`${piece('data: [DONE]\n\n')}0\r\n\r\n`)
}

server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port))
