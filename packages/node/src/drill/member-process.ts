/** A member in a process of its own. Started by `child-member.ts`; talks with it over the IPC channel. */
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { loadConfig } from '../gateway/config.ts'
import { startLocal } from '../network/index.ts'
import type { Fetch } from '../witness/index.ts'
import type { Failed } from './child-process.ts'

/** To the child. */
export interface MemberOrder {
  /** As host it takes no statements of this kind any more; null for all again. */
  leaveOut?: string | null
  /** Its requests to addresses that begin so go elsewhere, or nowhere. */
  lines?: { from: string; to: string | null }
}

/** From the child. */
export type MemberWord = { port: number } | { done: true } | Failed

const [folder, member, port, interval, lines] = process.argv.slice(2) as [
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
let line: MemberOrder['lines'] = lines === '' ? undefined : { from: lines, to: null }
const send: Fetch = request => {
  if (line === undefined || !request.url.startsWith(line.from)) return fetch(request)
  if (line.to === null) return Promise.reject(new Error('the line is cut'))
  return fetch(new Request(line.to + request.url.slice(line.from.length), request))
}
try {
  const { url, registry } = await startLocal({
    folder,
    environment: {},
    demo: false,
    send,
    config: loadConfig(
      undefined,
      {},
      { port: Number(port), publishMilliseconds: Number(interval), operator: member },
    ),
  })
  const submit = registry.host.submit.bind(registry.host)
  process.on('message', ({ leaveOut, lines: laid }: MemberOrder) => {
    if (laid !== undefined) line = laid
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
