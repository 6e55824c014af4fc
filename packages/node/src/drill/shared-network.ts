/** A throwaway network of four owners, each with a folder and keys of its own, the first of them its host. */
import { AnswerableError, type JsonObject } from '@answerable/core'
import {
  type Outcome,
  openEntry,
  parseRegistryPayload,
  Registry,
  type Role,
  type Terms,
} from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import { Member, type MemberOptions } from './member.ts'
import { foundTogether } from './owner.ts'
import type { Scene } from './scene.ts'

export type FourMembers = readonly [Member, Member, Member, Member]

/** As short as they may be, but for the host's deadline: a slow machine is no silent host. Three of four are a quorum. */
const TERMS = {
  tickSeconds: 1,
  epochSeconds: 5,
  maximumGapSeconds: 10,
  handInSeconds: 60,
  waitingSeconds: 0,
  digestEvery: 16,
  maximumDelaySeconds: 2,
  challengeSeconds: 3,
}

export interface SharedOptions {
  /** Where its folders are, by member. */
  path(member: string): string
  /** An OpenAI-compatible service that the gateways of all stand before. */
  upstream: string
  clock: (member: string) => () => number
  /** Those of each; operator, publisher and validator unless told. */
  roles: (member: string) => Role[] | undefined
  /** The version of the rules that it is founded under; the newest unless told. */
  rules?: number
  /** Of each, besides what all have. */
  more?: (member: string) => MemberOptions | undefined
  /** In its charter, besides what all networks of drills have. */
  terms?: Record<string, unknown>
}

export class SharedNetwork {
  readonly members: FourMembers
  /** SHA-256 of the charter's statement. */
  readonly id: string

  private constructor(members: FourMembers, id: string) {
    this.members = members
    this.id = id
  }

  static async found(options: SharedOptions): Promise<SharedNetwork> {
    const { path, upstream, clock, roles, rules, terms } = options
    const upstreams = [{ name: 'parrot', url: upstream, models: ['parrot*'] }]
    const set = { publishMilliseconds: 250, upstreams }
    const members = (['ada', 'bo', 'cy', 'dee'] as const).map(id => {
      const has = roles(id)
      const more = options.more?.(id)
      return new Member(id, path(id), {
        clock: clock(id),
        ...(has && { roles: has }),
        ...more,
        set: { ...set, ...more?.set },
      })
    }) as unknown as FourMembers
    try {
      return new SharedNetwork(members, await foundTogether(members, { ...TERMS, ...terms }, rules))
    } catch (error) {
      await Promise.all(members.map(one => one.stop()))
      throw error
    }
  }

  /** Members whose part runs. */
  get running(): Member[] {
    return this.members.filter(one => one.network !== undefined)
  }

  /** Whether all are under way: what each said at its start is under a quorum everywhere. */
  get settled(): boolean {
    return this.members.every(({ state, official }) => state.logs.size === 4 && official > 12)
  }

  /** Signs a statement with a member's key, wherever that key may have got to. */
  statement(
    member: Member,
    kind: string,
    body: JsonObject,
    purpose: Parameters<Member['statement']>[3] = 'member',
  ): Promise<Uint8Array> {
    return member.statement(this.id, kind, body, purpose)
  }

  /**
   * A validator's stamp on whatever it likes, taken to the host with the statement itself. The host must then take
   * both in, also where a rule forbids the second. Resolves with the statement's digest.
   */
  async stamped(validator: Member, entry: Uint8Array, host: Member = this.members[0]): Promise<string> {
    const digest = digestOf(entry)
    const stamp = await this.statement(validator, 'hand-in', { statement: digest }, 'validator')
    await host.client.submit(stamp)
    await host.client.submit(entry)
    return digest
  }

  /** What came of a statement, once all that run have it; undefined where they do not agree on it. */
  outcome(digest: string, members: readonly Member[] = this.running): Outcome | undefined {
    return same(members.map(({ book }) => book.find(digest)))
  }

  /** Amends the terms, as both chambers approve it: a fault with a deadline in it then takes seconds. */
  async amend(scene: Pick<Scene, 'comes'>, terms: Record<string, number>): Promise<void> {
    const [first, second, third] = this.members
    const at = first.book.size + 32
    const { digest } = await first.states('proposal', { action: 'amend', terms, at })
    await scene.comes(() => this.running.every(({ state }) => state.proposals.has(digest)))
    for (const one of [first, second, third]) await one.states('approval', { of: digest })
    while (first.book.size < at) await first.states('member', { hosting: 'own' })
    const amended = ({ state }: Member) =>
      Object.entries(terms).every(([name, value]) => state.terms[name as keyof Terms] === value)
    if (!(await scene.comes(() => this.running.every(amended))))
      throw new AnswerableError('internal', 'the terms of the throwaway network were not amended')
  }

  /**
   * Waits for a size of which validators sign the state's digest, with so many entries at least, and gives the digest
   * to which all that run came for it; undefined where they do not come to one.
   */
  async agree(
    scene: Pick<Scene, 'comes'>,
    least: number,
  ): Promise<{ size: number; digest: string } | undefined> {
    const [first] = this.running as [Member]
    const every = first.state.terms.digestEvery
    // Nothing that changes much, so that nobody has to wait for sixteen ticks.
    while (first.book.size < Math.ceil(least / every) * every)
      await first.states('member', { hosting: 'own' })
    let due: { size: number; digest: string } | undefined
    await scene.comes(() => {
      due = same(this.running.map(({ book }) => book.registry.due))
      const size = due?.size ?? 0
      return size >= least && this.running.every(({ book }) => book.log.signed.size >= size)
    })
    return due !== undefined && due.size >= least ? due : undefined
  }

  close(): Promise<unknown> {
    return Promise.all(this.members.map(one => one.stop()))
  }
}

/** What all of these are, where they are one and the same. */
function same<T extends object>(all: readonly (T | undefined)[]): T | undefined {
  const texts = new Set(all.map(one => JSON.stringify(one)))
  return texts.size === 1 ? all[0] : undefined
}

export function digestOf(entry: Uint8Array): string {
  return nodeSuite.sha256Hex(openEntry(entry).payload)
}

/** A model's statement, of which two with one name and version cannot both be. */
export function modelBody(name: string, version = '1', manifest = 'ab'.repeat(32)): JsonObject {
  return { name, version, manifest, licence: 'MIT', intendedUse: '', limits: '', format: 'onnx' }
}

/** The move by which a member came to have another host, from its own copy: why, and which members signed it. */
export async function lastMove({
  book,
  state,
}: Member): Promise<{ reason: string; signers: string[] } | undefined> {
  const found = book.ofKind('host-move').findLast(({ effective }) => effective)
  if (found === undefined) return undefined
  const [entry] = await book.entries(found.index, 1)
  const { payload, signatures } = openEntry(entry!)
  const signers = signatures.map(({ keyid }) => state.keys.get(keyid)!.member)
  return { reason: String(parseRegistryPayload(payload).body.reason), signers }
}

/** The state digest after the first entries of a member's copy, replayed from the beginning. */
export async function replayed({ book }: Member, size: number): Promise<string> {
  const registry = new Registry(nodeSuite)
  for (const entry of await book.entries(0, size)) registry.append(entry)
  return registry.digest()
}
