/** A member in a process of its own. Started by `child-member.ts`; talks with it over the IPC channel. */
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { loadConfig } from '../gateway/config.ts'
import { startLocal } from '../network/index.ts'
import type { Failed } from './child-process.ts'

/** To the child: as host it takes no statements of this kind any more, or all again. */
export interface MemberOrder {
  leaveOut: string | null
}

/** From the child. */
export type MemberWord = { port: number } | { done: true } | Failed

const [folder, member, port, interval] = process.argv.slice(2) as [string, string, string, string]
const say = (word: MemberWord) => process.send!(word)
// Nobody is left to end it otherwise.
process.on('disconnect', () => process.exit(1))
try {
  const { url, registry } = await startLocal({
    folder,
    environment: {},
    demo: false,
    config: loadConfig(
      undefined,
      {},
      { port: Number(port), publishMilliseconds: Number(interval), operator: member },
    ),
  })
  const submit = registry.host.submit.bind(registry.host)
  process.on('message', ({ leaveOut }: MemberOrder) => {
    registry.host.submit = entry => {
      const { kind } = parseRegistryPayload(openEntry(entry).payload)
      if (kind !== leaveOut) return submit(entry)
      return Promise.reject(new AnswerableError('too-many-requests', 'come again'))
    }
    say({ done: true })
  })
  say({ port: Number(new URL(url).port) })
} catch (error) {
  say({ failed: error instanceof Error ? error.message : String(error) })
}
