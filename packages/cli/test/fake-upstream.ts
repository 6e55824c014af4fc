/**
 * An OpenAI-compatible upstream for tests: small, deterministic, and able to fail in every way that a real one can.
 * The model's name says how it behaves; `fake` behaves well.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

export interface FakeUpstream {
  /** Ends in /v1. */
  url: string
  /** Bodies of the calls so far, newest last. */
  calls: { path: string; body: Record<string, unknown>; headers: IncomingMessage['headers'] }[]
  /** Calls that the caller broke off. */
  aborted(): number
  close(): Promise<void>
}

export const WORDS = ['Receipts', ' are', ' answers', ' that', ' answer', ' for', ' themselves.']
export const HUGE_BYTES = 3 * 1024 * 1024

type Fields = Record<string, unknown>
interface Asked {
  path: string
  body: Fields
  response: ServerResponse
}

const ERRORS: Record<string, number> = {
  'error-400': 400,
  'error-401': 401,
  'error-429': 429,
  'error-500': 500,
}

export async function startFakeUpstream(): Promise<FakeUpstream> {
  const calls: FakeUpstream['calls'] = []
  let aborted = 0
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) aborted++
    })
    void answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const path = request.url ?? '/'
    if (path === '/v1/models')
      return json(response, { object: 'list', data: [{ id: 'fake', object: 'model' }] })
    const isJson = (request.headers['content-type'] ?? '').startsWith('application/json')
    const body: Fields = isJson ? (JSON.parse(bytes.toString()) as Fields) : { bytes: bytes.length }
    calls.push({ path, body, headers: request.headers })
    await behave({ path, body, response })
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    calls,
    aborted: () => aborted,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function behave(asked: Asked): Promise<void> {
  const { path, body, response } = asked
  const model = String(body.model ?? '')
  const status = ERRORS[model]
  if (status !== undefined)
    return json(response, { error: { message: `as asked: ${status}`, type: 'fake', code: 'fake' } }, status)
  if (model === 'slow') await sleep(400)
  if (model === 'never') return
  if (model === 'dying-before') return void response.destroy()
  if (path === '/v1/embeddings') return json(response, embeddings(body))
  if (path === '/v1/completions')
    return json(response, { ...head('text_completion', model), choices: [choice({ text: WORDS.join('') })] })
  if (path === '/v1/responses')
    return body.stream === true ? responseStream(asked) : json(response, responseObject(model, 'completed'))
  if (path === '/v1/chat/completions') return body.stream === true ? chatStream(asked) : chat(asked)
  return json(response, { path, bytes: body.bytes ?? null })
}

function chat({ body, response }: Asked): void {
  const model = String(body.model)
  const message = messageFor(body)
  const answer = { ...head('chat.completion', model), choices: [choice({ message })], usage: USAGE }
  if (model === 'gzip') {
    const bytes = gzipSync(JSON.stringify(answer))
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': bytes.length,
    })
    response.end(bytes)
    return
  }
  if (model === 'dying') {
    const bytes = Buffer.from(JSON.stringify(answer))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
    response.write(bytes.subarray(0, 40), () => response.destroy())
    return
  }
  json(response, model === 'huge' ? { ...answer, padding: 'x'.repeat(HUGE_BYTES) } : answer)
}

/** Tools are called, a JSON schema is answered by itself, images are named by their length; all else gets words. */
function messageFor({ tools, response_format: format, messages }: Fields): Fields {
  if (Array.isArray(tools)) return { role: 'assistant', content: null, tool_calls: [toolCall()] }
  const schema = (format as { json_schema?: unknown } | undefined)?.json_schema
  if (schema !== undefined) return { role: 'assistant', content: JSON.stringify({ schema }) }
  const parts = (messages as { content?: unknown }[] | undefined)?.flatMap(({ content }) =>
    Array.isArray(content) ? (content as { image_url?: { url: string } }[]) : [],
  )
  const image = parts?.find(part => part.image_url !== undefined)?.image_url
  const content = image === undefined ? WORDS.join('') : `an image of ${image.url.length} characters`
  return { role: 'assistant', content }
}

function toolCall(): Fields {
  return { id: 'call_1', type: 'function', function: { name: 'decide', arguments: '{"amount":5000}' } }
}

async function chatStream({ body, response }: Asked): Promise<void> {
  const model = String(body.model)
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  const send = (delta: Fields, finish: string | null = null) =>
    response.write(
      event({
        ...head('chat.completion.chunk', model),
        choices: [{ index: 0, delta, finish_reason: finish }],
      }),
    )
  if (Array.isArray(body.tools)) {
    send({
      role: 'assistant',
      tool_calls: [{ index: 0, ...toolCall(), function: { name: 'decide', arguments: '' } }],
    })
    for (const piece of ['{"amo', 'unt":5', '000}'])
      send({ tool_calls: [{ index: 0, function: { arguments: piece } }] })
    send({}, 'tool_calls')
  } else {
    for (const [i, content] of WORDS.entries()) {
      send(i === 0 ? { role: 'assistant', content } : { content })
      if (model === 'dying' && i === 2) return void setTimeout(() => response.destroy(), 20)
      if (model === 'hanging' && i === 2) return
      if (model === 'slow') await sleep(60)
    }
    if (model === 'huge') {
      const content = 'x'.repeat(64 * 1024)
      for (let sent = 0; sent < HUGE_BYTES && !response.destroyed; sent += content.length)
        if (!send({ content })) await sleep(1)
    }
    send({}, 'stop')
  }
  response.end('data: [DONE]\n\n')
}

async function responseStream({ body, response }: Asked): Promise<void> {
  const model = String(body.model)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let sequence = 0
  const send = (type: string, fields: Fields) =>
    response.write(`event: ${type}\n${event({ type, sequence_number: sequence++, ...fields })}`)
  send('response.created', { response: responseObject(model, 'in_progress') })
  for (const delta of WORDS) {
    send('response.output_text.delta', {
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      delta,
      logprobs: [],
    })
    await sleep(1)
  }
  send('response.completed', { response: responseObject(model, 'completed') })
  response.end()
}

function responseObject(model: string, status: string): Fields {
  const content = [{ type: 'output_text', text: WORDS.join(''), annotations: [] }]
  const output =
    status === 'completed' ? [{ id: 'msg_1', type: 'message', role: 'assistant', status, content }] : []
  return { id: 'resp_1', object: 'response', created_at: 0, model, status, output, usage: null }
}

function embeddings({ model, input, encoding_format: format }: Fields): Fields {
  const inputs = Array.isArray(input) ? input : [input]
  const vector = (text: unknown) => {
    const values = Float32Array.of(String(text).length, 0.5, -1)
    return format === 'base64' ? Buffer.from(values.buffer).toString('base64') : [...values]
  }
  const data = inputs.map((text, index) => ({ object: 'embedding', index, embedding: vector(text) }))
  return { object: 'list', model, data, usage: { prompt_tokens: 1, total_tokens: 1 } }
}

const USAGE = { prompt_tokens: 3, completion_tokens: WORDS.length, total_tokens: 3 + WORDS.length }

function head(object: string, model: string): Fields {
  return { id: 'fake-1', object, created: 0, model }
}

function choice(fields: Fields): Fields {
  const called = (fields.message as Fields | undefined)?.tool_calls !== undefined
  return { index: 0, ...fields, logprobs: null, finish_reason: called ? 'tool_calls' : 'stop' }
}

function event(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  const bytes = Buffer.from(JSON.stringify(value))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length })
  response.end(bytes)
}
