/** Keeping what shows that a log forked: two checkpoints, both signed by its key. */
import { join } from 'node:path'
import { homeFolder, writePrivately } from '../home.ts'
import { slug } from './last-seen.ts'

export function keepEvidence(
  origin: string,
  finding: string,
  notes: readonly { what: string; note: string }[],
): string {
  const stamp = new Date().toISOString().replace(/[:.]/g, '-')
  const path = join(homeFolder(), 'evidence', `${slug(origin)}-${stamp}.txt`)
  const parts = notes.map(({ what, note }) => `== ${what}\n\n${note}`)
  writePrivately(
    path,
    `The log ${origin}, whose key signed both of these checkpoints: ${finding}.\n\n${parts.join('\n')}`,
  )
  return path
}
