/** A member's keys: another one for a purpose, and the end of one. Rotation is the one and then the other. */
import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { AnswerableError, toHex } from '@answerable/core'
import { formatVkey, SIG_COSIGNATURE_ED25519 } from '@answerable/core/note'
import type { Purpose } from '@answerable/core/registry'
import { loadKey, noteSigner } from '@answerable/node/log'
import { loadMembership, saveMembership } from '@answerable/node/network'
import { statementSigner } from '@answerable/node/registry'
import { realDisk } from '@answerable/node/storage'
import { expectPositionals, readArguments, required } from '../command.ts'
import { readTime } from '../input.ts'
import { bold, good, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { program } from '../program.ts'
import { keysOf, type MemberFolder, openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'

const OPTIONS = {
  purpose: { type: 'string' },
  reason: { type: 'string' },
  since: { type: 'string' },
  recovery: { type: 'string' },
  data: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Values = { [K in 'purpose' | 'reason' | 'since' | 'recovery']?: string | undefined } & { json: boolean }

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS)
  const [what, ...rest] = positionals
  const member = await openMemberFolder(values.data)
  if (what === 'add') {
    expectPositionals(rest)
    return add(member, values)
  }
  if (what === 'revoke') {
    const [id] = expectPositionals(rest, 'KEY')
    return revoke(member, id, values)
  }
  throw new AnswerableError('bad-request', 'expected add or revoke; see --help')
}

/** Purposes whose keys a process has in its folder. Host keys come with a folder of their own. */
const ROTATED = ['member', 'recovery', 'validator'] as const

async function add(member: MemberFolder, values: Values): Promise<number> {
  const purpose = required(values.purpose, '--purpose')
  const { folder, membership } = member
  const fresh = await newKey(member, purpose)
  const signers = [await signerFor(member, values), statementSigner(fresh.signer)]
  const replayed = await replayNewest(member)
  const key = formatVkey(fresh.signer.key)
  const said = await speak(member, replayed, 'key', { keys: [{ purpose, key }] }, signers)
  const id = toHex(fresh.signer.key.publicKey)
  const old = await fresh.settle()
  if (values.json) {
    printJson({
      member: membership.member,
      purpose,
      id,
      key,
      index: said.index,
      file: fresh.file,
      old: old ?? null,
    })
    return 0
  }
  print(
    `${good('Added')}: a ${purpose} key of ${bold(membership.member)}, by entry ${said.index}.`,
    `  key          ${id}`,
    ...labelled('file', fresh.file),
    ...(old === undefined
      ? []
      : [
          ...labelled('before', `${old.file}: good still, until it is revoked`),
          `  ${good(`${program()} member key revoke ${old.id} --data ${folder}`)}`,
        ]),
    ...wrap(NEXT[purpose] ?? 'Start the process again, so that it signs with this one.'),
  )
  return 0
}

const NEXT: Record<string, string> = {
  recovery: 'Take it elsewhere, off this machine, and delete it here.',
  witness:
    'Start the process again at once: more than half of an owner’s witnesses count as the owner’s word.',
}

interface Fresh {
  signer: ReturnType<typeof noteSigner>
  file: string
  /** Puts it in its place, once the registry holds it; the one before is kept beside. */
  settle(): Promise<{ id: string; file: string } | undefined>
}

/** Made under another name first: a statement that is refused must not leave the folder with keys that nobody knows. */
async function newKey({ folder, membership }: MemberFolder, purpose: string): Promise<Fresh> {
  const { member } = membership
  if (purpose === 'witness') {
    const number = membership.witnesses + 1
    const own = join(folder, `witness-${number}`)
    await realDisk.list(own)
    const file = join(own, 'key.pem')
    const signer = noteSigner(
      `${member}/witness-${number}`,
      await loadKey(realDisk, file),
      SIG_COSIGNATURE_ED25519,
    )
    const settle = async () => {
      const now = (await loadMembership(realDisk, folder))!
      await saveMembership(realDisk, folder, { ...now, witnesses: Math.max(now.witnesses, number) })
      return undefined
    }
    return { signer, file, settle }
  }
  const known = ROTATED.find(one => one === purpose)
  if (known === undefined)
    throw new AnswerableError('bad-request', `--purpose: expected one of ${ROTATED.join(', ')}, witness`)
  const file = join(folder, 'keys', `${known}.pem`)
  const next = join(folder, 'keys', `${known}-next.pem`)
  const signer = noteSigner(`${member}/${known}`, await loadKey(realDisk, next))
  const settle = async () => {
    let old: { id: string; file: string } | undefined
    if (existsSync(file)) {
      const id = toHex(noteSigner(`${member}/${known}`, await loadKey(realDisk, file)).key.publicKey)
      old = { id, file: join(folder, 'keys', `${known}-${id.slice(0, 8)}.pem`) }
      await rename(file, old.file)
    }
    await rename(next, file)
    return old
  }
  return { signer, file, settle }
}

async function revoke(member: MemberFolder, id: string, values: Values): Promise<number> {
  const signer = await signerFor(member, values)
  const replayed = await replayNewest(member)
  const own = replayed.state.keysOfMember(member.membership.member)
  const matching = /^[0-9a-f]{8,64}$/.test(id) ? own.filter(([known]) => known.startsWith(id)) : []
  const [key] = matching[0] ?? []
  if (key === undefined || matching.length > 1)
    throw new AnswerableError(
      'not-found',
      `no key ${plain(id)} of ${member.membership.member}; see member show`,
    )
  const since = values.since === undefined ? Date.now() : readTime(values.since, '--since')
  const body = { key, since: new Date(since).toISOString(), reason: values.reason ?? 'rotated' }
  const said = await speak(member, replayed, 'revocation', body, [signer])
  const purpose = replayed.state.keys.get(key)!.purpose
  if (values.json) printJson({ purpose, ...body, index: said.index })
  else
    print(
      `${good('Revoked')}: the ${purpose} key ${key}, by entry ${said.index}.`,
      ...labelled('as of', `${body.since}: what it signed from then on does not count`),
    )
  return 0
}

/** The member's key, or a recovery key that is kept elsewhere: the one that outlasts a theft. */
async function signerFor(member: MemberFolder, { recovery, purpose }: Values) {
  if (recovery !== undefined) {
    if (!existsSync(recovery)) throw new AnswerableError('not-found', `--recovery: ${recovery}: no such file`)
    return statementSigner(
      noteSigner(`${member.membership.member}/recovery`, await loadKey(realDisk, recovery)),
    )
  }
  const held: Purpose = purpose === 'recovery' ? 'recovery' : 'member'
  const keyring = await keysOf(member)
  if (held === 'recovery' && !keyring.has('recovery'))
    throw new AnswerableError(
      'bad-request',
      'a recovery key takes the one before: give its file with --recovery',
    )
  return keyring.statements(held)
}
