/** Leaving a network: said in the registry, for good. */
import { AnswerableError } from '@answerable/core'
import { expectPositionals, readArguments } from '../command.ts'
import { good, print, printJson } from '../output/style.ts'
import { plain, wrap } from '../output/text.ts'
import { ask, canAsk } from '../prompt.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    yes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const { member: id } = member.membership
  if (!values.yes) {
    if (!canAsk())
      throw new AnswerableError(
        'bad-request',
        'nobody can be asked here; to leave for good, run this again with --yes',
      )
    if (!(await ask(`Should ${id} leave ${plain(replayed.state.name)}? Coming back takes an application.`))) {
      print('Nothing was changed.')
      return 1
    }
  }
  const said = await speak(member, replayed, 'leave', {})
  if (values.json) printJson({ network: member.network, member: id, ...said })
  else
    print(
      `${good('Left')} ${plain(replayed.state.name)}, by entry ${said.index}.`,
      ...wrap(
        'What was recorded stays, and receipts of before are good as they were. Keep its process running for as long as people may ask for them.',
      ),
    )
  return 0
}
