/**
 * Running the real program in tests. Every output is held to what all of them promise: 80 columns, no control
 * characters, no stack, and never the bare word that says more than any check can show.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { columns } from './output/text.ts'

const MAIN = new URL('main.ts', import.meta.url).pathname

export interface Ran {
  status: number | null
  out: string
  err: string
  /** Standard error as one line, however it was wrapped. */
  words: string
}

export interface RunOptions {
  home: string
  input?: string | Uint8Array
  environment?: Record<string, string>
}

/** A folder of this test file's own, removed when it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-cli-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Compiled code kept between runs halves the time of each. */
const COMPILED = temporaryFolder()

export function start(args: readonly string[], { home, environment }: RunOptions): ChildProcess {
  const { NODE_TEST_CONTEXT: _, FORCE_COLOR: __, npm_lifecycle_event: ___, ...inherited } = process.env
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...inherited, NODE_COMPILE_CACHE: COMPILED, ANSWERABLE_HOME: home, ...environment },
    stdio: 'pipe',
  })
}

export async function answerable(args: readonly string[], options: RunOptions): Promise<Ran> {
  const child = start(args, options)
  child.stdin!.on('error', () => undefined)
  child.stdin!.end(options.input ?? '')
  const ran = await finished(child)
  checkOutput(ran.out)
  checkOutput(ran.err)
  return ran
}

/** What a process prints until it ends. */
export async function finished(child: ChildProcess): Promise<Ran> {
  let out = ''
  let err = ''
  child.stdout!.on('data', chunk => {
    out += chunk
  })
  child.stderr!.on('data', chunk => {
    err += chunk
  })
  const status = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { status, out, err, words: err.replace(/\s+/g, ' ') }
}

/** What is copied whole may be longer than a line: URLs, digests, keys; and JSON is for programs. */
const UNBROKEN = /:\/\/|[0-9a-f]{32}|[A-Za-z0-9+/=_-]{43}|\/answerable-cli-/

export function checkOutput(text: string): void {
  const json = /^\s*[[{]/.test(text)
  for (const line of text.split('\n')) {
    if (!json) assert.ok(columns(line) <= 80 || UNBROKEN.test(line), `over 80 columns: ${line}`)
    assert.doesNotMatch(line, /\bverified\b/i)
    assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u, JSON.stringify(line))
    assert.doesNotMatch(line, /^\s+at .*:\d+:\d+\)?$/)
  }
}

/** A server on loopback, closed when the test file ends. */
export async function serveWith(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
