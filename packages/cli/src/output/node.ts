/** A member's nodes and their logs, for people. */
import type { LogRecord, NodeRecord } from '@answerable/core/registry'
import { bold } from './style.ts'
import { count, labelled, plain } from './text.ts'

export function nodeLines(
  member: string,
  status: string | undefined,
  nodes: readonly NodeRecord[],
  logs: readonly LogRecord[],
): string[] {
  const lines = [
    bold(plain(member)),
    ...labelled('status', status ?? 'unknown to the registry: it has not applied'),
  ]
  if (nodes.length === 0)
    lines.push(
      ...labelled(
        'node',
        status === 'active'
          ? 'none yet; a process states it by itself, once it runs'
          : 'none; members alone have them',
      ),
    )
  for (const { id, url, descriptor, models, stated } of nodes)
    lines.push(
      ...labelled('node', `${plain(id)}, since entry ${stated.index}`),
      ...labelled('address', plain(url)),
      ...labelled('models', count(models.length, 'manifest')),
      `  description  ${descriptor}`,
    )
  for (const { origin, stated, anchor, forked, silent } of logs)
    lines.push(
      ...labelled('log', `${plain(origin)}, since entry ${stated.index}`),
      ...labelled('anchor', anchor === null ? 'none yet' : `${anchor.size} records, epoch ${anchor.epoch}`),
      ...(forked === null ? [] : labelled('forked', `shown at entry ${forked.index}`)),
      ...(silent === null ? [] : labelled('silent', `challenge lost at entry ${silent.index}`)),
    )
  return lines
}
