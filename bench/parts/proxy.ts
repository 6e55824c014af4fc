/**
 * The peer: a bare undici proxy that reads the request, forwards it, and sends the answer. With a folder it also makes
 * one group-committed fdatasync of request and answer before it answers: the least that durability costs. Prints its
 * port.
 */
import { closeSync, fdatasync, ftruncateSync, openSync, write } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Pool } from 'undici'

const [upstream, folder = ''] = process.argv.slice(2)
const pool = new Pool(`http://127.0.0.1:${upstream}`, { connections: 128 })

let fd = -1
if (folder !== '') {
  fd = openSync(join(folder, 'journal'), 'w')
  ftruncateSync(fd, 0)
  process.on('exit', () => closeSync(fd))
}
let waiting: { bytes: Buffer; done: () => void }[] = []
let syncing = false

function durable(bytes: Buffer): Promise<void> {
  return new Promise(done => {
    waiting.push({ bytes, done })
    if (!syncing) commit()
  })
}

function commit(): void {
  if (waiting.length === 0) {
    syncing = false
    return
  }
  syncing = true
  const batch = waiting
  waiting = []
  write(fd, Buffer.concat(batch.map(({ bytes }) => bytes)), error => {
    if (error) throw error
    fdatasync(fd, failure => {
      if (failure) throw failure
      for (const { done } of batch) done()
      commit()
    })
  })
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', async () => {
    try {
      const asked = Buffer.concat(chunks)
      const answer = await pool.request({
        method: 'POST',
        path: request.url ?? '/',
        headers: { 'content-type': request.headers['content-type'] },
        body: asked,
      })
      const type = String(answer.headers['content-type'])
      if (type.startsWith('text/event-stream')) {
        response.writeHead(answer.statusCode, { 'content-type': type })
        answer.body.pipe(response)
        return
      }
      const body = Buffer.from(await answer.body.arrayBuffer())
      if (fd !== -1) await durable(Buffer.concat([asked, body]))
      response.writeHead(answer.statusCode, { 'content-type': type, 'content-length': body.length })
      response.end(body)
    } catch {
      response.writeHead(502)
      response.end()
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as { port: number }).port)
  setInterval(() => undefined, 1 << 30)
})
process.on('message', () => process.send?.(process.cpuUsage()))
