/** Options, checked and with their defaults. */
import { AnswerableError, type Suite } from '@answerable/core'
import { portableSuite } from '@answerable/core/portable'
import { DEFAULT_POLICY, type Trust, trustFrom } from '@answerable/core/receipt'
import { Checker } from './check.ts'
import { type Keeper, openFolder } from './folder.ts'
import type { Fetch, NamedPolicy, RecordedOptions, TrustSource } from './options.ts'

export interface Settings {
  fetch: Fetch
  checker: Checker
  keepers: readonly Pick<Keeper, 'keep'>[]
  complaints: readonly Pick<Keeper, 'refused'>[]
  onReceipt: NonNullable<RecordedOptions['onReceipt']>
  required: NonNullable<RecordedOptions['required']>
  hold: NonNullable<RecordedOptions['hold']>
  origins: ReadonlySet<string>
  waitForWitnesses: number
  followWitnesses: boolean
  timeoutMs: number
  idleMs: number
  maxBytes: number
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])
const HOLDS = ['answers', 'everything', 'nothing'] as const

/** Throws `bad-config`, and `bad-policy` and `bad-vkey` for trust that cannot be read. */
export function settingsOf(fetch: Fetch, options: RecordedOptions): Settings {
  if (typeof fetch !== 'function') throw bad('fetch', 'a function')
  const { suite = portableSuite, policy = DEFAULT_POLICY, hold = 'answers' } = options
  if (!HOLDS.includes(hold)) throw bad('hold', HOLDS.join(', '))
  const trust = trustOf(policy.trust ?? options.trust, suite)
  if (trust.networks.length === 0)
    throw bad('trust', 'at least one network: without one, no receipt can be checked')
  const { keep, folder, onRefused } = options
  const own = folder === undefined ? [] : [openFolder(folder)]
  return {
    fetch,
    checker: new Checker(suite, trust, policy),
    keepers: [...own, ...(keep ? [{ keep }] : [])],
    complaints: [...own, ...(onRefused ? [{ refused: onRefused }] : [])],
    onReceipt: options.onReceipt ?? (() => undefined),
    required: options.required ?? (({ method }) => !READING.has(method)),
    hold,
    origins: new Set((options.origins ?? []).map(originOf)),
    waitForWitnesses: milliseconds('waitForWitnesses', options.waitForWitnesses ?? 0, 0),
    followWitnesses: options.followWitnesses ?? (own.length > 0 || keep !== undefined),
    timeoutMs: milliseconds('timeoutMs', options.timeoutMs ?? 30_000, 1),
    idleMs: milliseconds('idleMs', options.idleMs ?? 300_000, 1),
    maxBytes: milliseconds('maxBytes', options.maxBytes ?? 64 * 1024 * 1024, 1),
  }
}

function trustOf(source: TrustSource, suite: Suite): Trust {
  if (source === null || (typeof source !== 'string' && typeof source !== 'object'))
    throw bad('trust', 'tlog-policy texts, or what core made of them')
  if (typeof source === 'object' && 'networks' in source) return source
  const list: readonly (string | NamedPolicy)[] =
    typeof source === 'string' || 'policy' in source ? [source] : source
  const named = list.map((item, i) =>
    typeof item === 'string' ? { name: `policy ${i + 1}`, policy: item } : item,
  )
  return trustFrom(named, suite)
}

function originOf(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  if (origin === 'null') throw bad('origins', `origins like https://gateway.example, not ${text}`)
  return origin
}

function milliseconds(name: string, value: number, least: number): number {
  // Timers overflow past 2^31 - 1 ms and then fire at once.
  if (!Number.isInteger(value) || value < least || value > 2_147_483_647)
    throw bad(name, `an integer of at least ${least}`)
  return value
}

function bad(name: string, expected: string): AnswerableError {
  return new AnswerableError('bad-config', `recorded: ${name}: expected ${expected}`)
}
