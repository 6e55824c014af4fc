/** Members of one network for tests, each in a data folder and a process part of its own, on loopback. */
import type { TestContext } from 'node:test'
import { addSignature, openEntry } from '@answerable/core/registry'
import { loadConfig } from '../src/gateway/index.ts'
import { nodeSuite } from '../src/log/suite.ts'
import { applicationEntry } from '../src/network/founding.ts'
import { type LocalNetwork, startLocal } from '../src/network/index.ts'
import { type Membership, saveMembership } from '../src/network/membership.ts'
import { openKeys } from '../src/network/registry-member.ts'
import { RegistryClient } from '../src/registry/client.ts'
import { openKeyring } from '../src/registry/keyring.ts'
import { realDisk } from '../src/storage/disk.ts'
import type { Fetch } from '../src/witness/index.ts'
import { temporaryFolder } from './network.ts'

export const FAST_TERMS = {
  tickSeconds: 1,
  epochSeconds: 3,
  maximumGapSeconds: 10,
  handInSeconds: 4,
  waitingSeconds: 0,
  digestEvery: 16,
}

export interface MemberOptions {
  roles?: Membership['roles']
  ownerGroup?: string
  witnesses?: number
  send?: Fetch
  report?: (event: string, error?: unknown) => void
}

export function membershipOf(id: string, options: MemberOptions = {}): Membership {
  return {
    member: id,
    name: `${id} Ltd`,
    ownerGroup: options.ownerGroup ?? id,
    roles: options.roles ?? ['operator', 'publisher', 'validator'],
    jurisdiction: 'DE',
    hosting: 'own',
    witnesses: options.witnesses ?? 1,
    peers: [],
  }
}

/** A member's folder and, while it runs, its process part. */
export class TestMember {
  readonly id: string
  readonly folder: string
  readonly #options: MemberOptions
  network: LocalNetwork | undefined

  /** Where requests to other members go instead. */
  reach: (url: string) => string = url => url

  constructor(t: TestContext, id: string, options: MemberOptions = {}, folder?: string) {
    this.id = id
    this.folder = folder ?? temporaryFolder(t)
    this.#options = options
    t.after(() => this.stop())
  }

  get url(): string {
    return this.network!.url
  }

  get client(): RegistryClient {
    return new RegistryClient({ url: this.url })
  }

  get state() {
    return this.network!.registry.book.state
  }

  async found(terms: Record<string, unknown> = FAST_TERMS): Promise<void> {
    const membership = { ...membershipOf(this.id, this.#options), networkName: 'test-net', terms }
    await saveMembership(realDisk, this.folder, membership)
    await this.#makeKeys(membership)
    await this.start()
  }

  /** Applies, with another's signature as sponsor, and starts. */
  async join(sponsor: TestMember): Promise<string> {
    const { network, peers } = { network: sponsor.network!.registry.network, peers: [sponsor.url] }
    const membership = { ...membershipOf(this.id, this.#options), network, peers }
    await saveMembership(realDisk, this.folder, membership)
    await this.#makeKeys(membership)
    await this.start()
    const { witnesses, keyring } = await openKeys(realDisk, this.folder, membership, {
      report: () => undefined,
    })
    for (const witness of witnesses) witness.close()
    const time = Date.now()
    const entry = applicationEntry(membership, keyring, { sponsor: sponsor.id, network, url: this.url, time })
    const theirs = await openKeyring(realDisk, sponsor.folder, sponsor.id, [], false)
    const signed = addSignature(entry, theirs.statements('member'))
    await sponsor.network!.registry.submitter.submit(signed)
    return nodeSuite.sha256Hex(openEntry(signed).payload)
  }

  async approve(digest: string): Promise<void> {
    const keyring = await openKeyring(realDisk, this.folder, this.id, [], false)
    await this.network!.registry.submitter.state('approval', { of: digest }, [keyring.statements('member')])
  }

  async start(port = 0): Promise<void> {
    const { send = request => fetch(request), report = () => undefined } = this.#options
    const diverted: Fetch = request => {
      const url = this.reach(request.url)
      return send(url === request.url ? request : new Request(url, request))
    }
    this.network = await startLocal({
      folder: this.folder,
      demo: false,
      config: loadConfig(undefined, {}, { port, publishMilliseconds: 100, operator: this.id }),
      report,
      send: diverted,
    })
  }

  async stop(): Promise<void> {
    const { network } = this
    this.network = undefined
    await network?.close()
  }

  async #makeKeys(membership: Membership): Promise<void> {
    const witnesses = await openKeys(realDisk, this.folder, membership, { report: () => undefined })
    for (const witness of witnesses.witnesses) witness.close()
    await openKeyring(realDisk, this.folder, membership.member, [], true)
  }
}

/** Until something holds, or the time is over. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms = 20_000,
): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** A network of these owners, all admitted, the first its host. */
export async function admitted(
  t: TestContext,
  ids: readonly string[],
  terms: Record<string, unknown> = {},
): Promise<TestMember[]> {
  const [first, ...others] = ids.map(id => new TestMember(t, id))
  await first!.found({ ...FAST_TERMS, ...terms })
  for (const [i, one] of others.entries()) {
    const application = await one.join(first!)
    for (const member of [first!, ...others.slice(0, i)])
      await member.approve(application).catch(() => undefined)
    await until(() => one.state.members.get(one.id)?.status === 'active', `${one.id} is admitted`)
  }
  const all = [first!, ...others]
  await until(() => all.every(one => one.state.logs.size === ids.length), 'all logs are registered')
  return all
}
