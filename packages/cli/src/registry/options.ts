/** What `network create` and `network join` both ask: who the member is, and where it listens. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { ROLES, type Role } from '@answerable/core/registry'
import { loadConfig } from '@answerable/node/gateway'
import { nodeSuite } from '@answerable/node/log'
import {
  checkMembership,
  loadMembership,
  type Membership,
  openKeys,
  saveMembership,
} from '@answerable/node/network'
import type { Keyring } from '@answerable/node/registry'
import { lockFolder, realDisk } from '@answerable/node/storage'
import { required } from '../command.ts'
import { dataFolder, writePrivately } from '../home.ts'
import { readUrl } from '../http.ts'

export const MEMBER_OPTIONS = {
  member: { type: 'string' },
  organisation: { type: 'string' },
  group: { type: 'string' },
  roles: { type: 'string', default: 'operator,publisher,validator' },
  jurisdiction: { type: 'string', default: 'ZZ' },
  hosting: { type: 'string', default: 'own' },
  witnesses: { type: 'string', default: '1' },
  evidence: { type: 'string' },
  url: { type: 'string' },
  listen: { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
} as const

export type MemberValues = { [K in keyof typeof MEMBER_OPTIONS]?: string | undefined }

export function folderOf({ data }: MemberValues): string {
  return resolve(data ?? dataFolder())
}

export function rolesOf(text: string): Role[] {
  return text.split(',').map(name => {
    const role = ROLES.find(one => one === name.trim())
    if (role === undefined)
      throw new AnswerableError(
        'bad-request',
        `--roles: ${name.trim()} is none; there are ${ROLES.join(', ')}`,
      )
    return role
  })
}

/** Which network a membership is of: one to found, by its name and terms, or one to join. */
export interface Belonging {
  network?: string
  networkName?: string
  terms?: Record<string, unknown>
  peers: string[]
}

/** Throws `bad-request` with the option that is wrong. */
export async function membershipFrom(values: MemberValues, network: Belonging): Promise<Membership> {
  const member = required(values.member, '--member')
  const membership = {
    member,
    name: values.organisation ?? member,
    ownerGroup: values.group ?? member,
    roles: rolesOf(values.roles!),
    jurisdiction: values.jurisdiction!,
    hosting: values.hosting!,
    witnesses: Number(values.witnesses),
    ...(values.evidence !== undefined && { evidence: await evidenceOf(values.evidence) }),
    ...network,
  }
  try {
    return checkMembership(JSON.parse(JSON.stringify(membership)), 'the member')
  } catch (cause) {
    const words = (cause as Error).message
      .replace('the member: ', '--')
      .replace('--name:', '--organisation:')
      .replace('--networkName:', '--name:')
      .replace('--ownerGroup:', '--group:')
    throw new AnswerableError('bad-request', words, { cause })
  }
}

async function evidenceOf(path: string): Promise<NonNullable<Membership['evidence']>> {
  try {
    return { description: basename(path), sha256: nodeSuite.sha256Hex(await readFile(path)) }
  } catch (cause) {
    throw new AnswerableError('not-found', `--evidence: ${path} cannot be read`, { cause })
  }
}

/**
 * The configuration of a member's process, kept in its data folder, where `start` finds it. With an address for others
 * there is a second listener for them; a gateway's calls stay on loopback.
 */
export function configFrom(values: MemberValues, operator: string): Record<string, unknown> {
  const config: Record<string, unknown> = { operator }
  if (values.port !== undefined) config.port = Number(values.port)
  if (values.url !== undefined || values.listen !== undefined) {
    const network: Record<string, unknown> = {}
    if (values.listen !== undefined) {
      const [, host, port] = /^(?:(.+):)?(\d{1,5})$/.exec(values.listen) ?? []
      if (port === undefined)
        throw new AnswerableError('bad-request', '--listen: expected PORT or HOST:PORT, such as 0.0.0.0:7080')
      network.port = Number(port)
      if (host !== undefined) network.host = host.replace(/^\[|\]$/g, '')
    }
    if (values.url !== undefined) network.publicUrl = readUrl(values.url).href.replace(/\/+$/, '')
    config.network = network
  }
  return config
}

/** Where the registry is told that the member is; its process corrects it once it listens. */
export function addressIn(config: Record<string, unknown>): string {
  const { network, host, port } = loadConfig(undefined, process.env, config)
  return network?.publicUrl ?? `http://${network?.host ?? host}:${network?.port ?? port}`
}

/**
 * Makes a folder a member: configuration and keys first, who it is last, so that a crash in between leaves a folder
 * that belongs to nobody yet, and the same command goes on from there. Refuses a folder in use.
 */
export async function settleFolder(
  folder: string,
  membership: Membership,
  config: Record<string, unknown>,
): Promise<Keyring> {
  const unlock = lockFolder(folder)
  try {
    const path = join(folder, 'config.json')
    loadConfig(undefined, {}, config)
    if (!existsSync(path)) writePrivately(path, `${JSON.stringify(config, null, 2)}\n`)
    const keyring = await allKeys(folder, membership)
    await saveMembership(realDisk, folder, membership)
    return keyring
  } finally {
    unlock()
  }
}

/** All keys of a member, its witnesses' as well; those that are missing are made while it is no member yet. */
export async function allKeys(folder: string, membership: Membership): Promise<Keyring> {
  const { witnesses, keyring } = await openKeys(realDisk, folder, membership, { report: () => undefined })
  for (const witness of witnesses) witness.close()
  return keyring
}

/** Throws `conflict` where the folder is a member already. */
export async function refuseMember(folder: string): Promise<void> {
  const known = await loadMembership(realDisk, folder)
  if (known === undefined) return
  const where = known.network === undefined ? known.networkName : `the network ${known.network.slice(0, 16)}…`
  throw new AnswerableError(
    'conflict',
    `${folder}: is ${known.member} of ${where ?? 'a network'} already; give another folder with --data`,
  )
}
