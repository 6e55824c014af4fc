/**
 * A server with the gateway's HTTP interface as far as the page uses it (docs/http.md), over a network in memory. It
 * serves the built page under the policy that the real server sends, and can be told to fail.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { formatReceipt, RECEIPT_MEDIA_TYPE } from '@answerable/core/receipt'
import { MockNetwork } from './mock-network.ts'
import { SCHEMA } from './mock-schema.ts'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** As the real server sends it. */
const POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"

const DISSENT = 'escalated; agree=1; dissent=1; abstain=0; pending; decides=the%20loan%20officer'

export class MockServer {
  readonly network = new MockNetwork()
  readonly #page: string
  readonly #server = createServer((request, response) => void this.#handle(request, response))
  /** Milliseconds until the witnesses see a new record; undefined: never. */
  witnessAfterMs: number | undefined = 250
  /** Answers calls with this error. */
  refuse: { status: number; code: string; message: string } | undefined
  /** Answers receipts with these bytes. */
  receiptBody: string | undefined
  /** Of two models that are asked, the second says otherwise. */
  dissent = false
  /** Leaves the receipt headers out. */
  withoutReceipt = false
  /** Every request that came, as `METHOD /path`. */
  readonly requests: string[] = []

  constructor(page: string) {
    this.#page = page
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  close(): Promise<void> {
    this.#server.closeAllConnections()
    return new Promise(resolve => this.#server.close(() => resolve()))
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://mock')
    this.requests.push(`${request.method} ${pathname}`)
    const infer = /^\/v2\/models\/([^/]+)\/infer$/.exec(pathname)
    const receipt = /^\/receipts\/([^/]+)$/.exec(pathname)
    if (pathname === '/status') return json(response, 200, this.#status())
    if (pathname === '/trust') return json(response, 200, this.#trust())
    if (pathname === '/demo/credit-schema') return json(response, 200, SCHEMA)
    if (infer && request.method === 'POST') return this.#infer(request, response, infer[1]!)
    if (receipt) return this.#receipt(request, response, receipt[1]!)
    return this.#file(response, pathname)
  }

  #status() {
    const { id, size, witnessedSize, witnessNames, up, origin } = this.network
    return {
      network: id,
      owner: 'you',
      version: '0.1.0',
      log: { origin, signed: size, published: size, witnessed: witnessedSize, writable: true, halted: null },
      witnesses: witnessNames.map((name, i) => ({ name, up: up[i] })),
      owners: [{ name: 'you', witnesses: witnessNames }],
      models: ['credit-f32', 'credit-int8'],
      opinions: [{ name: 'credit-second-look', asks: ['credit-f32', 'credit-int8'] }],
      upstreams: [],
    }
  }

  #trust() {
    const { id } = this.network
    return { type: 'https://answerable.dev/trust/v1', name: `you-${id}`, policy: this.network.policy() }
  }

  async #infer(request: IncomingMessage, response: ServerResponse, model: string): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (this.refuse) {
      const { status, code, message } = this.refuse
      return json(response, status, { error: { message, type: 'server_error', param: null, code } })
    }
    const asked = Buffer.concat(chunks)
    const route = model === 'credit-second-look'
    const first = route ? 'credit-f32' : model
    const answer = Buffer.from(JSON.stringify(decide(first, JSON.parse(asked.toString()))))
    const use = (request.headers['answerable-use'] as string | undefined) ?? null
    const call = { model: first, request: asked, response: answer, status: 200, use }
    const opinions = ['credit-f32', 'credit-int8'].map((name, i) => ({
      id: route ? this.network.record({ ...call, model: name }).id : '',
      model: name,
      agrees: i === 0 || !this.dissent,
    }))
    const { id, secret } = this.network.record({ ...call, ...(route && { opinions }) })
    if (this.witnessAfterMs !== undefined)
      setTimeout(() => this.network.witness(), this.witnessAfterMs).unref()
    const headers = {
      'answerable-receipt': id,
      'answerable-receipt-url': `http://${request.headers.host}/receipts/${id}#${secret}`,
      ...(route && this.dissent && { 'answerable-dissent': DISSENT }),
    }
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(this.withoutReceipt ? {} : headers),
    })
    response.end(answer)
  }

  #receipt(request: IncomingMessage, response: ServerResponse, id: string): void {
    const secret = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const receipt = this.network.receipt(id, secret)
    if (typeof receipt === 'string') {
      const error = { message: 'no such record, or not yours', param: null, code: receipt }
      json(response, receipt === 'forbidden' ? 403 : 404, { error })
      return
    }
    response.writeHead(200, { 'content-type': RECEIPT_MEDIA_TYPE, 'cache-control': 'private, no-store' })
    response.end(this.receiptBody ?? formatReceipt(receipt))
  }

  async #file(response: ServerResponse, pathname: string): Promise<void> {
    const path = normalize(pathname === '/' ? '/index.html' : pathname)
    try {
      const bytes = await readFile(join(this.#page, path))
      response.writeHead(200, {
        'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
        'content-security-policy': POLICY,
      })
      response.end(bytes)
    } catch {
      json(response, 404, { error: { message: `no such path here: ${path}`, code: 'not-found' } })
    }
  }
}

/** A decision of the right form; not a model. */
function decide(model: string, { inputs }: { inputs: { name: string; data: number[] }[] }) {
  const value = (name: string) => inputs.find(input => input.name === name)?.data[0] ?? 0
  const score = value('checking_status') * 0.9 - value('credit_amount') / 4000 - value('duration_months') / 30
  const probability = 1 / (1 + Math.exp(-score))
  const tensor = (name: string, datatype: string, data: unknown[]) => ({
    name,
    datatype,
    shape: [1, 1],
    data,
  })
  return {
    model_name: model,
    model_version: '1',
    outputs: [
      tensor('probability_good', 'FP32', [Math.fround(probability)]),
      tensor('approved', 'BOOL', [probability >= 0.5]),
    ],
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

if (import.meta.main) {
  const port = Number(process.argv[2] ?? 7071)
  console.log(await new MockServer(join(import.meta.dirname, '..', 'dist')).listen(port))
}
