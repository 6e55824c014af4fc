/** What a second policy of one network takes away and adds, for people. */
import { type VerifierKey, vkeyFingerprint } from '@answerable/core/note'
import type { Policy } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { fingerprintLines, quorumWords } from './policy-words.ts'
import { bad, warn } from './style.ts'
import { plain, wrap } from './text.ts'

export function policyChanges(before: Policy, after: Policy): string[] {
  const old = keysOf(before)
  const now = keysOf(after)
  const lines: string[] = []
  for (const [id, { words, key }] of old)
    if (!now.has(id)) lines.push(bad(`  - ${words}`), ...fingerprintLines(key, 4))
  for (const [id, { words, key }] of now)
    if (!old.has(id)) lines.push(warn(`  + ${words}`), ...fingerprintLines(key, 4))
  if (quorumWords(before) !== quorumWords(after))
    lines.push(...wrap(`- quorum: ${quorumWords(before)}`, 2), ...wrap(`+ quorum: ${quorumWords(after)}`, 2))
  return lines.length > 0 ? lines : ['  the same keys and quorum, with other names, groups or addresses']
}

function keysOf({ logs, witnesses }: Policy): Map<string, { words: string; key: VerifierKey }> {
  const all = [
    ...logs.map(({ key }) => ({ words: `log ${plain(key.name)}`, key })),
    ...witnesses.map(({ name, key }) => ({ words: `witness ${plain(name)}`, key })),
  ]
  return new Map(all.map(one => [`${one.words} ${vkeyFingerprint(one.key, nodeSuite)}`, one]))
}
