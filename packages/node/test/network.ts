/** A local network for tests, with an upstream of the test's own, both gone when the test is over. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseReceipt, trustFrom, type Verification, Verifier } from '@answerable/core/receipt'
import { formatPolicy } from '@answerable/core/tlog'
import { loadConfig } from '../src/gateway/index.ts'
import { nodeSuite } from '../src/log/index.ts'
import { type LocalNetwork, type LocalOptions, startLocal } from '../src/network/index.ts'

const folders: string[] = []
// What runs in one is stopped by hooks of its test, in whatever order; and a hook that fails keeps others from running.
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** A folder that is gone when the process is. */
export function temporaryFolder(_t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-test-'))
  folders.push(folder)
  return folder
}

/** The same where more than one test uses it. */
export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'answerable-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A call of a chat model that the upstream of a test takes. */
export const ASK = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hi' }], temperature: 0.5 }

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void

/** An upstream that answers as it is told. Returns its base URL. */
export async function upstream(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => answer(request, response, Buffer.concat(chunks)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`
}

export interface StartOptions extends Partial<LocalOptions> {
  upstream?: string
  /** Fields of the configuration. */
  set?: Record<string, unknown>
}

export async function start(
  t: TestContext,
  { upstream: url, set, ...options }: StartOptions = {},
): Promise<LocalNetwork> {
  const upstreams = url === undefined ? [] : [{ name: 'test', url, models: ['gpt-test', 'gpt-test-*'] }]
  const network = await startLocal({
    folder: temporaryFolder(t),
    config: loadConfig(undefined, {}, { port: 0, publishMilliseconds: 50, upstreams, ...set }),
    report: () => undefined,
    ...options,
  })
  t.after(() => network.close())
  return network
}

/** Everything recorded so far is under a checkpoint that the witnesses have seen. */
export async function witnessed(network: LocalNetwork): Promise<void> {
  // A round that was under way may have begun before the last record: the second one certainly did not.
  await network.gateway.publisher.publishNow()
  await network.gateway.publisher.publishNow()
}

/** The receipt that an answer names, checked under the network's own policy once it is witnessed. */
export async function check(
  network: LocalNetwork,
  answer: Response,
  bytes: { request?: Uint8Array; response?: Uint8Array } = {},
): Promise<{ verification: Verification; text: string }> {
  await witnessed(network)
  const url = new URL(answer.headers.get('answerable-receipt-url')!)
  const headers = { authorization: `Bearer ${url.hash.slice(1)}` }
  const fetched = await fetch(url.origin + url.pathname, { headers })
  const text = await fetched.text()
  if (!fetched.ok) throw new Error(text)
  const trust = trustFrom([{ name: 'test', policy: formatPolicy(network.policy) }], nodeSuite)
  const verification = new Verifier(nodeSuite, trust).verify(parseReceipt(Buffer.from(text)), bytes)
  return { verification, text }
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
