/** Has the running process compare what it is with what the registry holds, now, and state what is missing. */
import { AnswerableError } from '@answerable/core'
import type { LogRecord, NodeRecord } from '@answerable/core/registry'
import { expectPositionals, readArguments } from '../command.ts'
import { nodeLines } from '../output/node.ts'
import { print, printJson } from '../output/style.ts'
import { labelled } from '../output/text.ts'
import { program } from '../program.ts'
import { clientOf, openMemberFolder } from '../registry/member-folder.ts'

interface Standing {
  member: string
  status: string | null
  url: string | null
  node: NodeRecord | null
  log: LogRecord | null
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const { address, folder } = await openMemberFolder(values.data)
  if (address === undefined)
    throw new AnswerableError('unavailable', `no process runs here; run: ${program()} start --data ${folder}`)
  const standing = (await clientOf(address.url).post('/node/register', '')) as Standing
  const { member, status, node, log } = standing
  if (values.json) printJson(standing)
  else
    print(
      ...nodeLines(member, status ?? undefined, node === null ? [] : [node], log === null ? [] : [log]),
      ...(status === 'active' && node === null
        ? labelled('missing', 'the host did not take it; it is tried again every second')
        : []),
    )
  return node === null ? 1 : 0
}
