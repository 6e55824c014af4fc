/** A data folder as the member that it is: who, in which network, where its registry can be read, and its keys. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AnswerableError, errorCode } from '@answerable/core'
import { hostUrl } from '@answerable/core/registry'
import { type Address, loadAddress, loadMembership, type Membership } from '@answerable/node/network'
import { type Keyring, openKeyring, RegistryClient } from '@answerable/node/registry'
import { realDisk } from '@answerable/node/storage'
import { FolderSource } from '../audit/folder-source.ts'
import { dataFolder } from '../home.ts'
import { extend, type RegistrySource, type Replayed, type ReplayOptions, replayWhole } from './replay.ts'

export interface MemberFolder {
  folder: string
  membership: Membership
  /** SHA-256 of the charter's statement. */
  network: string
  /** Where its process listens, or listened last. */
  address: Address | undefined
}

/** Throws `not-a-member` where nobody created or joined a network in the folder. */
export async function openMemberFolder(path: string | undefined): Promise<MemberFolder> {
  const folder = resolve(path ?? dataFolder())
  const membership = await loadMembership(realDisk, folder)
  if (membership === undefined)
    throw new AnswerableError(
      'not-a-member',
      `${folder}: no member of a network is here; answerable network create or join makes one, or give --data`,
    )
  if (membership.network === undefined)
    throw new AnswerableError(
      'not-a-member',
      `${folder}: its network is founded at the first start; run: answerable start --data ${folder}`,
    )
  return { folder, membership, network: membership.network, address: await loadAddress(realDisk, folder) }
}

/** The keys that are in the folder. None is made. */
export function keysOf({ folder, membership }: MemberFolder): Promise<Keyring> {
  return openKeyring(realDisk, folder, membership.member, [], false)
}

/** Where this member's registry can be read: its own process, those that it knows, and its own folder. */
export function sourcesOf({ folder, membership, address }: MemberFolder): RegistrySource[] {
  const urls = [...(address === undefined ? [] : [address.url]), ...membership.peers]
  const sources: RegistrySource[] = urls.map(url => clientOf(url))
  if (existsSync(join(folder, 'registry-official'))) sources.push(new FolderRegistry(folder))
  return sources
}

/** From the first source that answers. Throws what the last one threw. */
export async function replayOf(member: MemberFolder, options: ReplayOptions = {}): Promise<Replayed> {
  let failure: unknown
  for (const source of sourcesOf(member)) {
    try {
      return await replayWhole(source, { ...options, network: member.network })
    } catch (error) {
      if (errorCode(error) === 'internal') throw error
      failure ??= error
    }
  }
  throw (
    failure ??
    new AnswerableError(
      'unavailable',
      `nobody is known to ask; run: answerable start --data ${member.folder}`,
    )
  )
}

/**
 * As the host has it by now, for a statement that depends on it: while too few owners cosign, a member's own copy shows
 * no more than what they did cosign. The own one where the host cannot be asked.
 */
export async function replayNewest(member: MemberFolder): Promise<Replayed> {
  const own = await replayOf(member)
  const { host } = own.state
  const url = host?.member === member.membership.member ? member.address?.url : hostUrl(own.state)
  if (url === undefined) return own
  try {
    return (await extend(own, clientOf(url))) ?? (await replayOf(member))
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return replayOf(member)
  }
}

/** A client of a member's process, by its base URL or that of its registry. */
export function clientOf(url: string): RegistryClient {
  return new RegistryClient({ url: url.replace(/\/+$/, '').replace(/\/registry$/, ''), timeoutMs: 15_000 })
}

/** The copy in a data folder, up to the newest checkpoint that a quorum cosigned; its process may run or not. */
class FolderRegistry implements RegistrySource {
  readonly url: string

  constructor(folder: string) {
    this.url = folder
  }

  async checkpoint(): Promise<string> {
    return readFileSync(join(this.url, 'registry-official'), 'utf8')
  }

  async *entries(from: number, to: number): AsyncGenerator<Uint8Array[]> {
    const source = new FolderSource({ path: join(this.url, 'registry'), entries: 'statement' })
    try {
      for (let at = 0; at < to; at += 256) {
        const entries = await source.entries(at / 256, Math.min(256, to - at))
        if (at + entries.length > from) yield entries.slice(Math.max(0, from - at))
      }
    } finally {
      await source.close()
    }
  }
}
