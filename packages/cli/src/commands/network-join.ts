/** Joining a network by an invitation: looks at its whole registry first, asks, makes keys, applies. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError } from '@answerable/core'
import { type Application, hostUrl, openEntry, parseRegistryPayload } from '@answerable/core/registry'
import {
  applicationEntry,
  type Invitation,
  loadMembership,
  type Membership,
  parseInvitation,
  takeFirstCopy,
} from '@answerable/node/network'
import type { Keyring } from '@answerable/node/registry'
import { lockFolder, realDisk } from '@answerable/node/storage'
import { expectPositionals, readArguments } from '../command.ts'
import { writePrivately } from '../home.ts'
import { isInTheClear } from '../http.ts'
import { applicationLines } from '../output/application.ts'
import { bold, good, note, print, printJson, warn } from '../output/style.ts'
import { table } from '../output/table.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { program } from '../program.ts'
import { ask, canAsk } from '../prompt.ts'
import { clientOf } from '../registry/member-folder.ts'
import {
  addressIn,
  allKeys,
  configFrom,
  folderOf,
  MEMBER_OPTIONS,
  type MemberValues,
  membershipFrom,
  settleFolder,
} from '../registry/options.ts'
import { type Replayed, replayWhole } from '../registry/replay.ts'
import { ownerWords, period, quorumWords } from '../registry/words.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    ...MEMBER_OPTIONS,
    yes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  const [text] = expectPositionals(positionals, 'INVITATION')
  const invitation = parseInvitation(text)
  const folder = folderOf(values)
  const before = await memberBefore(folder, invitation, values)
  if (isInTheClear(new URL(invitation.url)))
    note(...wrap(`warning: ${invitation.url} is plain http: others on the way can read the code`))
  const { network } = invitation
  const replayed = await replayWhole(clientOf(invitation.url), { network })
  if (replayed.state.members.get(invitation.sponsor)?.status !== 'active')
    throw new AnswerableError(
      'forbidden',
      `${plain(invitation.sponsor)}, who invites, is no active member there`,
    )
  if (!values.json) print(...networkLines(replayed, invitation), '')
  if (!values.yes && before === undefined && !(await agreed())) {
    print('Nothing was changed.')
    return 1
  }
  const membership =
    before ?? (await membershipFrom(values, { network, peers: peersOf(replayed, invitation) }))
  const config = configFrom(values, membership.name)
  const keyring =
    before === undefined ? await settleFolder(folder, membership, config) : await allKeys(folder, membership)
  await keepCopy(folder, keyring, invitation)
  const path = join(folder, 'config.json')
  const url = addressIn(existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : config)
  const digest = await apply({ folder, membership, keyring, invitation, replayed, url })
  const { done, application } = await taken(invitation, digest)
  if (values.json)
    printJson({ network, member: membership.member, digest, application: application ?? null, folder })
  else
    print(
      `${good('Applied')} to ${bold(plain(done.state.name))} as ${bold(membership.member)}.`,
      '',
      ...(application === undefined
        ? [`  application  ${digest}`]
        : applicationLines(done.state, application)),
      ...nextLines(folder),
    )
  return 0
}

/** The membership of an attempt before this one, which goes on. Throws `conflict` for one of anything else. */
async function memberBefore(
  folder: string,
  { network }: Invitation,
  { member }: MemberValues,
): Promise<Membership | undefined> {
  const known = await loadMembership(realDisk, folder)
  if (known === undefined) return undefined
  if (known.network === network && (member ?? known.member) === known.member) return known
  throw new AnswerableError(
    'conflict',
    `${folder}: is ${known.member} of ${known.network === network ? 'this' : 'another'} network already; give another folder with --data`,
  )
}

async function agreed(): Promise<boolean> {
  if (!canAsk())
    throw new AnswerableError(
      'bad-request',
      'nobody can be asked here; compare the network’s digest with what its members say, then run this again with --yes',
    )
  return ask('Apply to join this network?')
}

function networkLines(replayed: Replayed, { sponsor, url }: Invitation): string[] {
  const { state, registry } = replayed
  const { terms } = state
  const members = [...state.members.values()].filter(({ status }) => status === 'active')
  return [
    bold(plain(state.name)),
    `  charter      ${state.network}`,
    ...labelled('invited by', `${plain(sponsor)}, at ${plain(url)}`),
    ...labelled('host', `${plain(state.host!.member)}, at ${plain(hostUrl(state)!)}`),
    ...labelled(
      'registry',
      `${registry.size} entries, replayed here: its tree and its host’s signature are good`,
    ),
    ...labelled('quorum', ownerWords(replayed)),
    ...labelled(
      'terms',
      `over ${terms.quorum[0]}/${terms.quorum[1]} of the owners are a quorum; an applicant waits ${period(terms.waitingSeconds)} once both chambers approved; a handed-in statement is in the log within ${period(terms.handInSeconds)}`,
    ),
    '',
    ...table(
      ['member', 'owner', 'roles', 'where'],
      members.map(({ id, ownerGroup, roles, jurisdiction }) => [
        id,
        ownerGroup,
        roles.join(', '),
        jurisdiction,
      ]),
    ),
    '',
    ...wrap(
      'Who these are is their own word. Compare the charter’s digest with what they tell you by another way.',
    ),
    ...quorumWords(replayed).flatMap(words => wrap(words).map(warn)),
  ]
}

/** Those that the registry can be asked of: who invites, and the validators as of now. */
function peersOf({ state }: Replayed, { url }: Invitation): string[] {
  const urls = [...state.members.values()]
    .filter(({ status, roles }) => status === 'active' && roles.includes('validator'))
    .flatMap(member => member.url ?? [])
  return [...new Set([url, ...urls])].slice(0, 16)
}

interface Applying {
  folder: string
  membership: Membership
  keyring: Keyring
  invitation: Invitation
  replayed: Replayed
  url: string
}

/** The registry as it was shown, for this member's process to go on from. */
async function keepCopy(folder: string, keyring: Keyring, { network, url }: Invitation): Promise<void> {
  let unlock: (() => void) | undefined
  try {
    unlock = lockFolder(folder)
    await takeFirstCopy({ disk: realDisk, folder, keyring, network, url })
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    // Its process runs, and follows by itself.
    if (error.code === 'locked') return
    note(
      ...wrap(
        `warning: no copy of the registry could be kept (${error.message}); start this member before it is approved`,
      ),
    )
  } finally {
    unlock?.()
  }
}

/** The host's next checkpoint, which has the application, comes within a second or so. */
async function taken(
  { url, network }: Invitation,
  digest: string,
): Promise<{ done: Replayed; application: Application | undefined }> {
  for (let tries = 0; ; tries++) {
    const done = await replayWhole(clientOf(url), { network })
    const application = done.state.applications.get(digest)
    if (application !== undefined || tries === 10 || done.registry.size > 10_000) return { done, application }
    await wait(500)
  }
}

/** Kept before it is sent, so that one who was cut off sends the very same again. */
async function apply(applying: Applying): Promise<string> {
  const { folder, membership, keyring, invitation, replayed, url } = applying
  const { sponsor, network, code } = invitation
  const holds = (keys: readonly { key: string }[]) =>
    keys.some(({ key }) => keyring.all.some(own => own.key === key))
  for (const one of replayed.state.applications.values())
    if (one.member.id === membership.member && one.status !== 'lapsed' && holds(one.keys)) return one.digest
  const path = join(folder, 'application.json')
  let entry: Uint8Array | undefined = existsSync(path) ? await readFile(path) : undefined
  if (entry !== undefined && !isCurrent(entry, invitation)) entry = undefined
  if (entry === undefined) {
    entry = applicationEntry(membership, keyring, { sponsor, network, url, time: Date.now() })
    writePrivately(path, entry)
  }
  const body = JSON.stringify({ code, entry: Buffer.from(entry).toString() })
  const answer = (await clientOf(invitation.url).post('/network/applications', body)) as { digest: string }
  return answer.digest
}

function isCurrent(entry: Uint8Array, { sponsor, network }: Invitation): boolean {
  const statement = parseRegistryPayload(openEntry(entry).payload)
  // Rules call one stale after a week or so; one of a day is made anew in any case.
  return statement.by === sponsor && statement.network === network && Date.now() - statement.time < 86_400_000
}

function nextLines(folder: string): string[] {
  return [
    '',
    ...wrap(
      'Start now and leave it running: from the moment that you are in, your witness counts, and a quorum waits for it.',
    ),
    `  ${good(`${program()} start --data ${folder}`)}`,
    `  ${good(`${program()} network status --data ${folder}`)}`,
    '',
    ...wrap(
      `Take ${folder}/keys/recovery.pem elsewhere, off this machine, and delete it here: it is what replaces stolen keys.`,
    ),
  ]
}
