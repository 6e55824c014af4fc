/** The members of a network. */
import { expectPositionals, readArguments } from '../command.ts'
import { print, printJson, warn } from '../output/style.ts'
import { table } from '../output/table.ts'
import { wrap } from '../output/text.ts'
import { stateOf } from '../registry/state-of.ts'
import { quorumWords } from '../registry/words.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    url: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const replayed = await stateOf(values)
  const members = [...replayed.state.members.values()]
  if (values.json) printJson({ network: replayed.state.network, members })
  else
    print(
      ...table(
        ['member', 'owner', 'status', 'roles', 'where', 'hosting'],
        members.map(({ id, ownerGroup, status, roles, jurisdiction, hosting }) => [
          id,
          ownerGroup,
          status,
          roles.join(', '),
          jurisdiction,
          hosting,
        ]),
      ),
      ...quorumWords(replayed).flatMap(words => wrap(words).map(warn)),
    )
  return 0
}
