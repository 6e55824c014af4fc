/** Taking an approval back; or, together with other validators, everybody's of an image. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import {
  addSignature,
  hostUrl,
  openEntry,
  parseRegistryPayload,
  registryPayload,
  signEnvelope,
} from '@answerable/core/registry'
import { expectPositionals, readArguments, required } from '../command.ts'
import { readInput, readTime } from '../input.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, wrap } from '../output/text.ts'
import {
  clientOf,
  keysOf,
  type MemberFolder,
  openMemberFolder,
  replayNewest,
} from '../registry/member-folder.ts'
import { imageOf } from '../registry/references.ts'
import type { Replayed } from '../registry/replay.ts'
import { speak } from '../registry/speak.ts'

interface Body extends Record<string, string> {
  id: string
  since: string
  reason: string
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    since: { type: 'string' },
    reason: { type: 'string' },
    together: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [wanted] = expectPositionals(positionals, 'ID')
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const id = imageOf(replayed.state, wanted)[0]!.id
  const file = values.together
  if (file !== undefined && existsSync(file)) return signed(member, replayed, file, id, values.json)
  const since = readTime(required(values.since, '--since'), '--since')
  const body = { id, since: new Date(since).toISOString(), reason: required(values.reason, '--reason') }
  if (file !== undefined) return begun(member, replayed, file, body, values.json)
  const said = await speak(member, replayed, 'reference-revocation', body)
  if (values.json) printJson({ ...body, ...said })
  else
    print(
      `${good('Revoked')}: this member’s approval, by entry ${said.index}.`,
      `  image        ${id}`,
      ...labelled('as of', `${body.since}: evidence of it does not count from then on`),
    )
  return 0
}

/** The first of several validators: the envelope goes to the others as a file. */
async function begun(
  member: MemberFolder,
  replayed: Replayed,
  file: string,
  body: Body,
  json: boolean,
): Promise<number> {
  const { network } = member
  const by = member.membership.member
  const payload = registryPayload({ kind: 'reference-revocation', network, by, time: Date.now(), body })
  const entry = signEnvelope(payload, [(await keysOf(member)).statements('validator')])
  return settle(member, replayed, file, entry, body.id, json)
}

/** Another of them, who sees what it signs: what is in the file must be about that image. */
async function signed(
  member: MemberFolder,
  replayed: Replayed,
  file: string,
  id: string,
  json: boolean,
): Promise<number> {
  const entry = await readInput(file, 1 << 17)
  const { kind, network, body } = parseRegistryPayload(openEntry(entry).payload)
  if (kind !== 'reference-revocation' || network !== member.network || body.id !== id)
    throw new AnswerableError('bad-request', `${file}: no revocation of ${id}`)
  const next = addSignature(entry, (await keysOf(member)).statements('validator'))
  return settle(member, replayed, file, next, id, json)
}

/** Brings it to the host once a quorum has signed; until then it waits in the file for others. */
async function settle(
  member: MemberFolder,
  { state }: Replayed,
  file: string,
  entry: Uint8Array,
  id: string,
  json: boolean,
): Promise<number> {
  await writeFile(file, entry)
  const { payload, signatures } = openEntry(entry)
  const { body } = parseRegistryPayload(payload)
  const groups = new Set(
    signatures.flatMap(({ keyid }) => {
      const key = state.keys.get(keyid)
      const owner = key?.purpose === 'validator' ? state.members.get(key.member) : undefined
      return owner === undefined ? [] : [owner.ownerGroup]
    }),
  )
  const own = state.host?.member === member.membership.member ? member.address?.url : undefined
  const index = state.isQuorum(groups)
    ? (await clientOf(own ?? hostUrl(state)!).submit(entry)).index
    : undefined
  if (json) printJson({ ...body, groups: [...groups], index: index ?? null })
  else
    print(
      index === undefined
        ? `${good('Signed')}: a quorum is not there yet.`
        : `${good('Revoked')}: for everybody, by entry ${index}.`,
      `  image        ${id}`,
      ...labelled('as of', `${String(body.since)}, because: ${String(body.reason)}`),
      ...labelled('signed by', [...groups].join(', ')),
      ...(index === undefined ? wrap(`Other validators sign ${file} by the same command.`) : []),
    )
  return 0
}
