/** A member in a process of its own. Started by `child-member.ts`; talks with it over the IPC channel. */
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { loadConfig } from '../gateway/config.ts'
import { startLocal } from '../network/index.ts'
import type { Fetch } from '../witness/index.ts'
import type { Failed } from './child-process.ts'
import { altersOne, findsOtherwise, standsByIt, swappedWhile } from './lies.ts'

/** `swapped`: runs another model than it records, and stands by it. `finds`: says of honest records that they are not. */
export type AuditLie = 'swapped' | 'finds'

/** What it is started with besides: fields of its configuration, and its lie. */
export interface MemberSetting {
  set: Record<string, unknown>
  lie: AuditLie | null
}

/** To the child. */
export interface MemberOrder {
  /** As host it takes no statements of this kind any more; null for all again. */
  leaveOut?: string | null
  /** Its requests to addresses that begin so go elsewhere, or nowhere; null for all as ever. */
  lines?: { from: string; to: string | null } | null
  /** In audits; null for honest again. */
  lie?: AuditLie | null
}

/** From the child. */
export type MemberWord = { port: number } | { done: true } | Failed

const [folder, member, port, interval, lines, setting] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
]
const say = (word: MemberWord) => process.send!(word)
// Nobody is left to end it otherwise.
process.on('disconnect', () => process.exit(1))
let leavesOut: string | null = null
let line: MemberOrder['lines'] = lines === '' ? null : { from: lines, to: null }
const { set, lie: first } = JSON.parse(setting) as MemberSetting
let lie: AuditLie | null = first
const send: Fetch = request => {
  if (line == null || !request.url.startsWith(line.from)) return fetch(request)
  if (line.to === null) return Promise.reject(new Error('the line is cut'))
  return fetch(new Request(line.to + request.url.slice(line.from.length), request))
}
try {
  const { url, registry } = await startLocal({
    folder,
    environment: {},
    demo: false,
    send,
    serve: swappedWhile(() => lie === 'swapped'),
    audits: {
      found: rerun => (lie === 'finds' ? findsOtherwise(rerun) : rerun),
      values: (values, response) => {
        if (lie === 'swapped') return standsByIt(values, response)
        return lie === 'finds' ? altersOne(values, response) : values
      },
    },
    config: loadConfig(
      undefined,
      {},
      { port: Number(port), publishMilliseconds: Number(interval), operator: member, ...set },
    ),
  })
  const submit = registry.host.submit.bind(registry.host)
  process.on('message', ({ leaveOut, lines: laid, lie: told }: MemberOrder) => {
    if (laid !== undefined) line = laid
    if (told !== undefined) lie = told
    if (leaveOut !== undefined) leavesOut = leaveOut
    say({ done: true })
  })
  registry.host.submit = entry => {
    const { kind } = parseRegistryPayload(openEntry(entry).payload)
    if (kind !== leavesOut) return submit(entry)
    return Promise.reject(new AnswerableError('too-many-requests', 'come again'))
  }
  say({ port: Number(new URL(url).port) })
} catch (error) {
  say({ failed: error instanceof Error ? error.message : String(error) })
}
