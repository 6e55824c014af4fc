/** Which network a registry says that it is of: by its first entry. */
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { plain } from '../output/text.ts'
import type { RegistrySource } from './replay.ts'

/** SHA-256 of the charter's statement. Throws `conflict` where the first entry is none. */
export async function registryNetwork(source: RegistrySource): Promise<string> {
  for await (const [entry] of source.entries(0, 1)) {
    try {
      const { payload } = openEntry(entry!)
      if (parseRegistryPayload(payload).kind === 'charter') return nodeSuite.sha256Hex(payload)
    } catch {
      // Said below.
    }
  }
  throw new AnswerableError(
    'conflict',
    `${plain(source.url)}: its first entry is not the charter of a network`,
  )
}
