/** What an auditor's process has before it, and what came of the rest. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditItem, AuditQueue } from '@answerable/node/auditor'
import { expectPositionals, readArguments } from '../command.ts'
import { dim, print, printJson } from '../output/style.ts'
import { table } from '../output/table.ts'
import { count, plain, wrap } from '../output/text.ts'
import { openMemberFolder } from '../registry/member-folder.ts'

const MOST_SHOWN = 20

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const { folder, membership } = await openMemberFolder(values.data)
  const path = join(folder, 'audits', 'queue.db')
  if (!membership.roles.includes('auditor') || !existsSync(path)) {
    if (values.json) printJson({ member: membership.member, auditor: false })
    else print(...wrap(`${plain(membership.member)} is no auditor, so nothing is drawn for it.`))
    return 0
  }
  const queue = new AuditQueue(path)
  try {
    const counts = queue.counts()
    const newest = queue.newest(MOST_SHOWN)
    const drawn = queue.drawnUpTo
    if (values.json) {
      printJson({ member: membership.member, auditor: true, drawnUpTo: drawn, counts, newest })
      return 0
    }
    print(
      drawn < 0 ? 'Nothing has been drawn yet.' : `Drawn up to epoch ${drawn}.`,
      `${count(counts.due, 'record', 'records')} to be opened and run, ${counts.found} to be stated, ${counts.stated} to be disputed or closed, ${counts.over} over.`,
    )
    if (newest.length > 0)
      print('', ...table(['log', 'index', 'epoch', 'drawn', 'outcome', 'stage'], newest.map(row)))
    else print(dim('Nothing has been found yet.'))
    return 0
  } finally {
    queue.close()
  }
}

function row({ log, index, epoch, found, stage }: AuditItem): string[] {
  const drawn = found?.predictable ? 'predictable' : 'by several owners'
  return [plain(log), String(found?.index ?? index), String(epoch), drawn, found?.outcome ?? '-', stage]
}
