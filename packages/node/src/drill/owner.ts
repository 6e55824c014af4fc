/** An owner in a throwaway network of many: a data folder with keys of its own, whoever runs a process on it. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { AnswerableError, type JsonObject } from '@answerable/core'
import {
  addSignature,
  openEntry,
  type Purpose,
  registryPayload,
  signEnvelope,
} from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import { applicationEntry, charterOf, type Founder } from '../network/founding.ts'
import { type Membership, saveMembership } from '../network/membership.ts'
import { openKeys } from '../network/registry-member.ts'
import { RegistryClient } from '../registry/client.ts'
import { type Keyring, openKeyring } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'

export interface OwnerOptions {
  roles?: Membership['roles']
  ownerGroup?: string
  witnesses?: number
}

/** Those of a member's keys that sign statements. */
export type Signing = Extract<Purpose, 'member' | 'recovery' | 'validator' | 'host'>

export abstract class Owner {
  readonly id: string
  readonly folder: string
  readonly #options: OwnerOptions
  #lastTime = 0
  /** Where it answers: the same after a restart. */
  protected port = 0

  constructor(id: string, folder: string, options: OwnerOptions = {}) {
    this.id = id
    this.folder = folder
    this.#options = options
  }

  /** Starts a process, or part of this one, on the folder. */
  abstract start(): Promise<void>

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get client(): RegistryClient {
    return new RegistryClient({ url: this.url })
  }

  get membership(): Membership {
    const { roles = ['operator', 'publisher', 'validator'], ownerGroup, witnesses = 1 } = this.#options
    return {
      member: this.id,
      name: `${this.id} Ltd`,
      ownerGroup: ownerGroup ?? this.id,
      roles,
      jurisdiction: 'DE',
      hosting: 'own',
      witnesses,
      peers: [],
    }
  }

  keys(): Promise<Keyring> {
    return openKeyring(realDisk, this.folder, this.id, [], false)
  }

  /** A statement signed by one of its keys: also while nothing runs here, as whoever has the keys could. */
  async statement(
    network: string,
    kind: string,
    body: JsonObject,
    purpose: Signing = 'member',
  ): Promise<Uint8Array> {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1)
    const payload = registryPayload({ kind, network, by: this.id, time: this.#lastTime, body })
    return signEnvelope(payload, [(await this.keys()).statements(purpose)])
  }

  /** Makes the folder of somebody who is to join, and starts. Resolves with the application, which a sponsor signed. */
  async apply(network: string, sponsor: Owner): Promise<Uint8Array> {
    const membership = { ...this.membership, network, peers: [sponsor.url] }
    const keyring = await this.settleIn(membership)
    await this.start()
    const time = Date.now()
    const entry = applicationEntry(membership, keyring, { sponsor: sponsor.id, network, url: this.url, time })
    return addSignature(entry, (await sponsor.keys()).statements('member'))
  }

  /** Makes the folder of one who founds, with a port that nobody has yet: the charter says where founders are. */
  async prepare(): Promise<Founder> {
    this.port = await freePort()
    return { membership: this.membership, keyring: await this.settleIn(this.membership), url: this.url }
  }

  protected async settleIn(membership: Membership): Promise<Keyring> {
    await realDisk.list(this.folder)
    await saveMembership(realDisk, this.folder, membership)
    await openKeyring(realDisk, this.folder, membership.member, [], true)
    const report = () => undefined
    const { witnesses, keyring } = await openKeys(realDisk, this.folder, membership, { report })
    for (const witness of witnesses) witness.close()
    return keyring
  }
}

/** Founds one network of several owners, the first its host, and starts them. Resolves with its digest. */
export async function foundTogether(
  owners: readonly Owner[],
  terms: Record<string, unknown>,
  rules?: number,
): Promise<string> {
  const founders = await Promise.all(owners.map(one => one.prepare()))
  const charter = charterOf(
    founders,
    { name: 'drill', terms, ...(rules !== undefined && { rules }) },
    Date.now(),
  )
  const network = nodeSuite.sha256Hex(openEntry(charter).payload)
  const peers = founders.map(({ url }) => url)
  await Promise.all(
    owners.map(async one => {
      await realDisk.replace(join(one.folder, 'charter.json'), charter)
      await saveMembership(realDisk, one.folder, { ...one.membership, network, peers })
    }),
  )
  // The host last: its first checkpoint then finds the others there.
  const [host, ...others] = owners as [Owner, ...Owner[]]
  await Promise.all(others.map(one => one.start()))
  await host.start()
  return network
}

/** Below the ports that systems give out by themselves, and none twice in this process. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000
const given = new Set<number>()

/** A port of this machine that nobody listens on. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    if (given.has(port)) continue
    given.add(port)
    const free = await new Promise<boolean>(resolve => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new AnswerableError('internal', 'no port of this machine is free')
}
