/** Founding a network: makes this member's keys and terms. The charter is signed at the first start. */
import { AnswerableError } from '@answerable/core'
import { parseTerms } from '@answerable/core/registry'
import { expectPositionals, readArguments, required } from '../command.ts'
import { readInput } from '../input.ts'
import { bold, dim, good, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { program } from '../program.ts'
import { seconds } from '../registry/duration.ts'
import {
  addressIn,
  configFrom,
  folderOf,
  MEMBER_OPTIONS,
  membershipFrom,
  refuseMember,
  settleFolder,
} from '../registry/options.ts'
import { period } from '../registry/words.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    ...MEMBER_OPTIONS,
    name: { type: 'string' },
    waiting: { type: 'string', default: '24h' },
    tick: { type: 'string' },
    epoch: { type: 'string' },
    terms: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const networkName = required(values.name, '--name')
  const folder = folderOf(values)
  await refuseMember(folder)
  const terms = await termsFrom(values)
  const membership = await membershipFrom(values, { networkName, terms, peers: [] })
  if (!membership.roles.includes('validator'))
    throw new AnswerableError('bad-request', '--roles: who founds a network is a validator of it')
  const config = configFrom(values, membership.name)
  const url = addressIn(config)
  await settleFolder(folder, membership, config)
  const { member, ownerGroup, roles } = membership
  if (values.json) {
    printJson({ network: networkName, member, ownerGroup, roles, terms, url, folder })
    return 0
  }
  print(
    `${good('Ready')}: ${bold(member)} will found and host ${bold(plain(networkName))}.`,
    '',
    ...labelled('owner', `${ownerGroup}, as ${roles.join(', ')}`),
    ...labelled('address', url),
    ...labelled(
      'waiting',
      `${period(Number(terms.waitingSeconds))} from both chambers’ approval until a member is in`,
    ),
    ...labelled('data', folder),
    '',
    'Start it, and then invite others:',
    `  ${good(`${program()} start --data ${folder}`)}`,
    `  ${good(`${program()} network invite --data ${folder}`)}`,
    '',
    ...wrap(
      `Once it has started, take ${folder}/keys/recovery.pem elsewhere, off this machine, and delete it here: it is what replaces stolen keys.`,
    ).map(dim),
  )
  return 0
}

async function termsFrom(values: {
  waiting: string
  tick?: string | undefined
  epoch?: string | undefined
  terms?: string | undefined
}): Promise<Record<string, unknown>> {
  const terms: Record<string, unknown> = { waitingSeconds: seconds(values.waiting, '--waiting') }
  if (values.tick !== undefined) {
    terms.tickSeconds = seconds(values.tick, '--tick')
    // A clock that ticks rarely must not stand still in between.
    terms.maximumGapSeconds = Math.max(300, 3 * Number(terms.tickSeconds))
  }
  if (values.epoch !== undefined) terms.epochSeconds = seconds(values.epoch, '--epoch')
  try {
    if (values.terms !== undefined)
      Object.assign(terms, JSON.parse(Buffer.from(await readInput(values.terms, 65_536)).toString()))
    parseTerms(terms)
  } catch (cause) {
    throw new AnswerableError('bad-request', `the terms: ${(cause as Error).message}`, { cause })
  }
  return terms
}
