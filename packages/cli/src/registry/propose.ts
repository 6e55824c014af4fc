/** Proposing that a member be removed, or that one who was suspended be reinstated. Both chambers decide. */
import { expectPositionals, readArguments } from '../command.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, plain } from '../output/text.ts'
import { program } from '../program.ts'
import { openMemberFolder, replayNewest } from './member-folder.ts'
import { speak } from './speak.ts'
import { approvalWords, period } from './words.ts'

export async function propose(args: string[], action: 'remove' | 'reinstate'): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [id] = expectPositionals(positionals, 'ID')
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const { state } = replayed
  const said = await speak(member, replayed, 'proposal', { action, member: id })
  const approvals = state.proposals.get(said.digest)?.approvals ?? { providers: [], watchers: [] }
  if (values.json) printJson({ digest: said.digest, index: said.index, action, member: id })
  else
    print(
      `${good('Proposed')} to ${action} ${plain(id)}.`,
      `  proposal     ${said.digest}`,
      ...labelled('approvals', approvalWords(state, approvals)),
      ...labelled('lapses', `in ${period(state.terms.openSeconds)} of counted time`),
      ...labelled('next', `yours counts too: ${program()} member approve ${said.digest.slice(0, 16)}`),
    )
  return 0
}
