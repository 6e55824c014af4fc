/** `answerable proxy`: receipts for any language, by a base URL alone. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { isLoopback } from '@answerable/node/gateway'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, portOption, readArguments, required } from '../command.ts'
import { homeFolder } from '../home.ts'
import { readUrl } from '../http.ts'
import { note, print, style } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'
import { TrustStore } from '../trust-store.ts'
import { type Line, passedLine, receiptLine, refusedLine } from './proxy-lines.ts'
import { startProxy } from './proxy-server.ts'

export const DEFAULT_PORT = 7071

/**
 * Runs until it is told to stop. Throws `bad-request`, `bad-config` where nobody is trusted yet, and `port-taken`.
 *
 * ```ts
 * process.exitCode = await runProxy(['--target', 'http://127.0.0.1:7070', '--strict'])
 * ```
 */
export async function runProxy(args: string[], until: Promise<unknown> = toldToStop()): Promise<number> {
  const { values, positionals } = readArguments(args, {
    target: { type: 'string' },
    port: { type: 'string', default: String(DEFAULT_PORT) },
    strict: { type: 'boolean', default: false },
    keep: { type: 'string' },
    'trust-store': { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const target = readUrl(required(values.target, '--target'))
  const trust = new TrustStore(homeOf(values['trust-store'])).trust()
  if (trust.networks.length === 0)
    throw new AnswerableError(
      'bad-config',
      `no network is trusted yet, so no receipt could be checked; run: ${asTyped(`trust add ${target.origin}`)}`,
    )
  if (target.protocol === 'http:' && !isLoopback(target.hostname.replace(/^\[|\]$/g, '')))
    note(...wrap('warning: calls and secrets travel over plain http, where others can read and change them'))
  const folder = resolve(values.keep ?? join(homeFolder(), 'receipts'))
  const { json, strict } = values
  const proxy = await startProxy({
    target,
    port: portOption(values.port),
    strict,
    trust,
    folder,
    suite: nodeSuite,
    onReceipt: call => show(receiptLine(call), json),
    onRefused: refused => show(refusedLine(refused), json),
    onPassed: passed => show(passedLine(passed), json),
  })
  if (json) print(JSON.stringify({ url: proxy.url, target: target.href, strict, folder }))
  else {
    const mode = strict
      ? 'each answer is held until it is checked'
      : 'answers pass as they come; a failing one breaks off'
    print(`${proxy.url} -> ${target.href}`, `${mode}; receipts are kept in ${folder}`)
  }
  await until
  await proxy.close()
  return 0
}

function show({ text, json: value, refused }: Line, json: boolean): void {
  if (json) print(JSON.stringify(value))
  else if (!refused) print(text)
  if (refused) note(style(['red', 'bold'], text, process.stderr))
}

/** A home folder, or the `trust` folder in one. */
function homeOf(path: string | undefined): string {
  if (path === undefined) return homeFolder()
  const folder = resolve(path)
  return basename(folder) === 'trust' && !existsSync(join(folder, 'trust')) ? dirname(folder) : folder
}

function toldToStop(): Promise<void> {
  return new Promise(done => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
  })
}
