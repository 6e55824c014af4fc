/** Having a running process do something about its evidence, and following how far it is. */
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError } from '@answerable/core'
import type { AttestingStatus } from '@answerable/node/network'
import { note } from '../output/style.ts'
import { plain } from '../output/text.ts'
import { program } from '../program.ts'
import { clientOf, openMemberFolder } from './member-folder.ts'

const PAUSE_MS = 300
/** Attesters and vendors have bounds of their own; this is beyond all of them together. */
const MOST_MS = 15 * 60_000

/** Resolves when it is over. Throws `unavailable` where nobody runs or the node has no attester, and why it failed. */
export async function askNode(
  what: 'attest' | 'refresh',
  data: string | undefined,
): Promise<AttestingStatus> {
  const { address, folder } = await openMemberFolder(data)
  if (address === undefined)
    throw new AnswerableError('unavailable', `no process runs here; run: ${program()} start --data ${folder}`)
  const client = clientOf(address.url)
  let status = (await client.post(`/node/${what}`, '')) as AttestingStatus
  let shown = 0
  const end = Date.now() + MOST_MS
  for (;;) {
    for (const step of status.steps.slice(shown)) note(`  ${plain(step)}`)
    shown = status.steps.length
    if (status.running === null) break
    if (Date.now() > end) throw new AnswerableError('unavailable', 'it does not come to an end')
    await wait(PAUSE_MS)
    status = (await client.get('/node/evidence')) as AttestingStatus
  }
  if (status.error !== null) {
    const { code, message } = status.error
    throw new AnswerableError(code, plain(message))
  }
  return status
}
