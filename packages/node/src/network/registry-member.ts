/** Opens what makes a folder a member: who it is, its keys, its witnesses, and its part in the registry. */
import { join } from 'node:path'
import { openEntry } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import { type Keyring, openKeyring } from '../registry/keyring.ts'
import type { Official } from '../registry/mirror.ts'
import type { Disk } from '../storage/disk.ts'
import type { Fetch } from '../witness/index.ts'
import { charterEntry } from './founding.ts'
import { loadMembership, type Membership, saveMembership, soloMembership } from './membership.ts'
import { RegistryNode } from './registry-node.ts'
import { type LocalWitness, openWitnesses } from './witnesses.ts'

export interface MemberOptions {
  disk: Disk
  folder: string
  /** Names a network that is founded here without being asked for. */
  id: string
  config: { operator: string; publishMilliseconds: number }
  /** Where this process is reached, as far as is known before it listens. */
  url: string
  reach?: (witness: string, send: Fetch) => Fetch
  send?: Fetch
  clock?: () => number
  report: (event: string, error?: unknown) => void
}

export interface MemberParts {
  membership: Membership
  keyring: Keyring
  registry: RegistryNode
  witnesses: LocalWitness[]
}

export async function openMember(
  options: MemberOptions,
  onOfficial: (official: Official) => Promise<void>,
): Promise<MemberParts> {
  const { disk, folder, id, config, url, reach, send, clock = Date.now, report } = options
  const membership = (await loadMembership(disk, folder)) ?? soloMembership(id, config.operator)
  const { witnesses, keyring } = await openKeys(disk, folder, membership, { reach, report })
  try {
    const { network, charter } = await found(disk, folder, membership, keyring, url, clock())
    const registry = await RegistryNode.open({
      disk,
      folder,
      member: membership.member,
      network,
      keyring,
      witnesses,
      peers: membership.peers,
      intervalMs: config.publishMilliseconds,
      ...(send && { send }),
      clock,
      report,
      onOfficial,
    })
    for (const witness of witnesses) witness.guard(registry.gate)
    if (charter !== undefined && registry.book.size === 0) await registry.book.append([charter])
    return { membership: { ...membership, network }, keyring, registry, witnesses }
  } catch (error) {
    for (const witness of witnesses) witness.close()
    throw error
  }
}

/** A member's keys and witnesses, made where they are missing. */
export async function openKeys(
  disk: Disk,
  folder: string,
  { member, witnesses: count }: Membership,
  { reach, report }: { reach?: MemberOptions['reach']; report: MemberOptions['report'] },
): Promise<{ witnesses: LocalWitness[]; keyring: Keyring }> {
  const fault = (error: unknown) => report('a fault of ours', error)
  const witnesses = await openWitnesses(disk, folder, member, count, { report: fault, reach })
  const known = (await disk.readFile(join(folder, 'membership.json'))) !== undefined
  const keyring = await openKeyring(
    disk,
    folder,
    member,
    witnesses.map(({ signer }) => signer),
    !known,
  )
  return { witnesses, keyring }
}

/** Founds the network where this folder is to: the charter is kept first, so that a crash founds no second one. */
async function found(
  disk: Disk,
  folder: string,
  membership: Membership,
  keyring: Keyring,
  url: string,
  time: number,
): Promise<{ network: string; charter?: Uint8Array }> {
  const path = join(folder, 'charter.json')
  let charter: Uint8Array | undefined = await disk.readFile(path)
  if (charter === undefined && membership.network !== undefined) return { network: membership.network }
  if (charter === undefined) {
    charter = charterEntry(membership, keyring, url, time)
    await disk.replace(path, charter)
  }
  const network = nodeSuite.sha256Hex(openEntry(charter).payload)
  if (membership.network === undefined) await saveMembership(disk, folder, { ...membership, network })
  return { network, charter }
}
