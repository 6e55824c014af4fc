/** A yes to an application, or to a proposal: counts for this member's owner, in the chambers that it sits in. */
import { AnswerableError } from '@answerable/core'
import type { State } from '@answerable/core/registry'
import { expectPositionals, readArguments } from '../command.ts'
import { applicationLines } from '../output/application.ts'
import { bold, good, print, printJson } from '../output/style.ts'
import { labelled, plain } from '../output/text.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'
import { approvalWords } from '../registry/words.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [what] = expectPositionals(positionals, 'ID or DIGEST')
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const { state } = replayed
  const of = digestOf(state, what)
  const said = await speak(member, replayed, 'approval', { of })
  const application = state.applications.get(of)
  const proposal = state.proposals.get(of)
  if (values.json) {
    printJson({ of, digest: said.digest, index: said.index, application, proposal })
    return 0
  }
  if (application !== undefined)
    print(
      `${good('Approved')}: ${bold(plain(application.member.id))}.`,
      ...applicationLines(state, application),
    )
  else if (proposal !== undefined)
    print(
      `${good('Approved')}: the proposal ${of}.`,
      ...labelled('approvals', approvalWords(state, proposal.approvals)),
      ...labelled('status', proposal.status),
    )
  return 0
}

/** By a member's id, the newest application that is open; or what begins like a digest. Throws `not-found`. */
function digestOf(state: State, what: string): string {
  const open = [...state.applications.values(), ...state.proposals.values()].filter(
    ({ status }) => status === 'open',
  )
  const byId = open.findLast(one => 'keys' in one && one.member.id === what)
  if (byId !== undefined) return byId.digest
  const byDigest = /^[0-9a-f]{8,64}$/.test(what) ? open.filter(one => one.digest.startsWith(what)) : []
  if (byDigest.length === 1) return byDigest[0]!.digest
  if (state.applications.has(what) || state.proposals.has(what)) return what
  const words = open.map(one => ('keys' in one ? one.member.id : one.digest.slice(0, 16)))
  throw new AnswerableError(
    'not-found',
    `nothing of ${plain(what)} waits for approval; ${words.length === 0 ? 'nothing does' : `there is ${words.map(plain).join(', ')}`}`,
  )
}
