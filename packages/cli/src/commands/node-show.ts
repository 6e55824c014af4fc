/** What the registry holds of this member's nodes, and whether its process is one of them. */
import { expectPositionals, readArguments } from '../command.ts'
import { statedEvidenceLines } from '../output/attesting.ts'
import { nodeLines } from '../output/node.ts'
import { print, printJson } from '../output/style.ts'
import { openMemberFolder, replayOf } from '../registry/member-folder.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const member = await openMemberFolder(values.data)
  const { state } = await replayOf(member)
  const id = member.membership.member
  const nodes = [...state.nodes.values()].filter(node => node.member === id)
  const logs = [...state.logs.values()].filter(log => log.member === id)
  const evidence = [...state.evidence.values()].filter(one => one.member === id)
  if (values.json)
    printJson({ member: id, status: state.members.get(id)?.status ?? null, nodes, logs, evidence })
  else
    print(
      ...nodeLines(id, state.members.get(id)?.status, nodes, logs),
      ...(nodes.length === 0 ? [] : statedEvidenceLines(evidence)),
    )
  return 0
}
