/** An invitation, made in the data folder: its process takes it from there, whether it runs now or later. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { isLoopback, loadConfig } from '@answerable/node/gateway'
import { formatInvitation, Invitations } from '@answerable/node/network'
import { realDisk } from '@answerable/node/storage'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { note, print, printJson } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import { type MemberFolder, openMemberFolder } from '../registry/member-folder.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    hours: { type: 'string', default: '24' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const hours = numberOption(values.hours, '--hours', 0.01, 720)
  const member = await openMemberFolder(values.data)
  const url = addressOf(member)
  const now = Date.now()
  const expires = now + hours * 3_600_000
  const code = await new Invitations(realDisk, member.folder).make(expires, now)
  const { network } = member
  const sponsor = member.membership.member
  const invitation = formatInvitation({ url, network, code, sponsor })
  if (values.json) {
    printJson({ invitation, url, network, sponsor, expires: new Date(expires).toISOString() })
    return 0
  }
  note(
    ...wrap(
      `Good for one application to ${sponsor}, until ${time(expires)}. Send it by a way that only they read; they run: answerable network join INVITATION --member ID`,
    ),
  )
  if (isLoopback(new URL(url).hostname))
    note(
      ...wrap(
        `${url} is an address of this machine alone. For others, set network.publicUrl in ${member.folder}/config.json and start again.`,
      ),
    )
  print(invitation)
  return 0
}

function addressOf({ folder, address }: MemberFolder): string {
  if (address !== undefined) return address.publicUrl
  const path = join(folder, 'config.json')
  const stated = existsSync(path) ? loadConfig(path, process.env).network?.publicUrl : undefined
  if (stated !== undefined) return stated
  throw new AnswerableError(
    'unavailable',
    `where this member is reached is not known yet; run: answerable start --data ${folder}`,
  )
}
