/** Endpoints that answer chats in every way that a real one can, told by the model's name. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

export interface Call {
  path: string
  body: Record<string, unknown>
  headers: IncomingMessage['headers']
}

export interface Stub {
  url: string
  calls: Call[]
}

/** Answers with a text, or takes the response over. */
export type Answer = (call: Call, response: ServerResponse) => string | undefined

export async function stub(answer: Answer): Promise<Stub> {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const call = {
      path: request.url ?? '',
      body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
      headers: request.headers,
    }
    calls.push(call)
    const text = answer(call, response)
    if (text !== undefined) send(response, chat(text))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

export function chat(content: unknown): string {
  return JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content } }] })
}

export function send(
  response: ServerResponse,
  body: string | Uint8Array,
  status = 200,
  headers = {},
): undefined {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body)
  return undefined
}

/** The prompt of a chat call. */
export function promptOf({ body }: Call): string {
  return (body.messages as { content: string }[])[0]!.content
}
