/** Stands between callers and a gateway, and lies about its answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { listen } from '../gateway/node.ts'

/** `strip` takes the receipt's headers away, `alter` changes the answer, `swap` hands out another call's receipt. */
export type Lie = 'none' | 'strip' | 'alter' | 'swap'

const RECEIPT_HEADERS = ['answerable-receipt', 'answerable-receipt-url']
const PASSED_ON = [...RECEIPT_HEADERS, 'answerable-promise', 'content-type']

export class LyingProxy {
  lie: Lie = 'none'
  url = ''
  readonly #gateway: string
  readonly #server: Server
  #lastReceipt: [string, string][] = []

  private constructor(gateway: string) {
    this.#gateway = gateway
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy())
    })
  }

  static async open(gateway: string): Promise<LyingProxy> {
    const proxy = new LyingProxy(gateway)
    proxy.url = await listen(proxy.#server, '127.0.0.1', 0)
    return proxy
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const answer = await fetch(this.#gateway + request.url, {
      method: request.method!,
      headers: { 'content-type': 'application/json' },
      body: Buffer.concat(parts),
    })
    const body = Buffer.from(await answer.arrayBuffer())
    const headers = PASSED_ON.flatMap((name): [string, string][] => {
      const value = answer.headers.get(name)
      return value === null ? [] : [[name, value]]
    })
    response.writeHead(answer.status, Object.fromEntries(this.#headers(headers)))
    if (this.lie === 'alter') body[body.indexOf('said') + 1]! ^= 1
    response.end(body)
  }

  #headers(headers: [string, string][]): [string, string][] {
    const isReceipt = ([name]: [string, string]) => RECEIPT_HEADERS.includes(name)
    const others = headers.filter(header => !isReceipt(header))
    if (this.lie === 'strip') return others
    if (this.lie === 'swap') return [...others, ...this.#lastReceipt]
    this.#lastReceipt = headers.filter(isReceipt)
    return headers
  }
}
