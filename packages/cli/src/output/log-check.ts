/** An audit of a log for people. */
import { toHex } from '@answerable/core'
import type { LogCheck } from '../audit/check.ts'
import type { Judged } from '../audit/log-key.ts'
import { bad, bold, dim, good } from './style.ts'
import { count, labelled, plain, wrap } from './text.ts'

export function checkLines(check: LogCheck): string[] {
  const { where, checkpoint, keyFrom, judged, tree, held, records, faults, evidence } = check
  const { origin, size, root } = checkpoint
  const entries = count(size, 'entry', 'entries')
  const lines = [
    bold(plain(origin)),
    ...labelled('at', plain(where)),
    ...labelled('checkpoint', `${entries}, signed by the log; its key is from ${keyFrom}`),
    `  root         ${toHex(root)}`,
    ...labelled(
      'witnesses',
      judged === undefined ? 'not looked at: only the key of the log is known' : witnessWords(judged),
    ),
    ...labelled(
      'tree',
      `${count(tree.entries, 'entry', 'entries')} and ${count(tree.tiles, 'tile')} hashed again`,
    ),
    ...labelled('history', historyWords(check)),
  ]
  if (records !== undefined) {
    const { statements, opened, erased, accesses, unpublished } = records
    const words = [
      `${count(statements, 'statement')} checked against the tree`,
      `the content of ${opened} opens`,
      `${erased} erased`,
    ]
    if (unpublished > 0) words.push(`${unpublished} not published yet`)
    lines.push(...labelled('records', words.join(', ')))
    const openings = [...accesses].map(([by, times]) => `${plain(by)} ${count(times, 'time')}`)
    if (openings.length > 0) lines.push(...labelled('opened for', openings.join(', ')))
  }
  if (faults.length === 0) {
    lines.push(good('The log is whole.'))
    const missing =
      held.length === 0 ? 'Seen for the first time: from now on it is held against this checkpoint. ' : ''
    return [...lines, ...wrap(`${missing}Not shown: that every answer was logged.`).map(dim)]
  }
  lines.push(bad(`${count(faults.length, 'fault')}:`))
  for (const { kind, message } of faults) lines.push(...wrap(`- ${plain(message)} (${kind})`, 2))
  if (evidence !== undefined) lines.push(...wrap(`Both signed checkpoints are kept as evidence: ${evidence}`))
  return lines
}

export function witnessWords({ witnesses, owners, quorum }: Judged): string {
  if (owners.length === 0) return 'none asked for by the policy'
  const names = owners.filter(({ reached }) => reached).map(({ name }) => plain(name))
  const who = names.length > 0 ? `, ${count(names.length, 'owner')}: ${names.join(', ')}` : ''
  return `${count(witnesses.length, 'witness', 'witnesses')}${who}${quorum ? '' : '; too few for the quorum'}`
}

function historyWords({ held, faults, tree }: LogCheck): string {
  if (held.length === 0) return 'no earlier checkpoint of it was seen here'
  const broken = faults.some(({ kind }) => kind === 'forked' || kind === 'rolled-back')
  if (!broken && tree.faults.length > 0) return 'not shown, since the tree is not the one that was signed'
  const sizes = held.map(({ checkpoint: { size } }) => count(size, 'entry', 'entries')).join(' and ')
  return `${broken ? 'does not continue' : 'continues'} what it signed at ${sizes}`
}
