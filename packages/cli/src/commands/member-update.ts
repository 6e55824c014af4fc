/** What a member says of itself, said anew. Roles and owner group take the others' approval. */
import { AnswerableError, type JsonObject } from '@answerable/core'
import { type Membership, memberFields, saveMembership } from '@answerable/node/network'
import { realDisk } from '@answerable/node/storage'
import { expectPositionals, readArguments } from '../command.ts'
import { applicationLines } from '../output/application.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, wrap } from '../output/text.ts'
import { keysOf, openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { rolesOf } from '../registry/options.ts'
import { type Said, speak } from '../registry/speak.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    organisation: { type: 'string' },
    jurisdiction: { type: 'string' },
    hosting: { type: 'string' },
    roles: { type: 'string' },
    group: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const { organisation, jurisdiction, hosting, roles, group } = values
  const fields: JsonObject = {
    ...(organisation !== undefined && { name: organisation }),
    ...(jurisdiction !== undefined && { jurisdiction }),
    ...(hosting !== undefined && { hosting }),
  }
  const applies = roles !== undefined || group !== undefined
  if (Object.keys(fields).length === 0 && !applies)
    throw new AnswerableError('bad-request', 'nothing to say anew; see --help')
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const { state } = replayed
  const said: (Said & { kind: string })[] = []
  let membership: Membership = { ...member.membership, ...(fields as Partial<Membership>) }
  if (Object.keys(fields).length > 0)
    said.push({ kind: 'member', ...(await speak(member, replayed, 'member', fields)) })
  if (applies) {
    membership = {
      ...membership,
      ...(roles && { roles: rolesOf(roles) }),
      ...(group && { ownerGroup: group }),
    }
    const url = state.members.get(membership.member)?.url ?? null
    const keys = (await keysOf(member)).all.filter(({ purpose }) => purpose === 'member')
    const body = {
      member: memberFields(membership, url),
      keys: keys.map(({ purpose, key }) => ({ purpose, key })),
    }
    said.push({ kind: 'application', ...(await speak(member, replayed, 'application', body)) })
  }
  await saveMembership(realDisk, member.folder, membership)
  const application = applies ? state.applications.get(said.at(-1)!.digest) : undefined
  if (values.json)
    printJson({
      member: membership.member,
      statements: said.map(({ digest, index }) => ({ digest, index })),
      application,
    })
  else
    print(
      `${good('Said')}: ${said.map(({ kind, index }) => `${kind} (entry ${index})`).join(', ')}.`,
      ...(Object.keys(fields).length > 0
        ? labelled(
            'as',
            Object.entries(fields)
              .map(([name, value]) => `${name}: ${value}`)
              .join('; '),
          )
        : []),
      ...(application === undefined ? [] : applicationLines(state, application)),
      ...wrap('The address is stated by the process itself: network.publicUrl in its configuration.'),
    )
  return 0
}
