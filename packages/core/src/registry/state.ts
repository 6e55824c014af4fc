/** The registry's state: what the fold makes of its entries. */
import { toHex, utf8 } from '../bytes.ts'
import { matchesReference, type ReferenceValue } from '../evidence/reference.ts'
import type { Suite } from '../suite.ts'
import { Collection } from './collection.ts'
import { keyName } from './key-text.ts'
import type {
  Application,
  Chain,
  Challenge,
  ComparisonRecord,
  Dispute,
  EpochRecord,
  EvidenceRecord,
  Finding,
  HandIn,
  Host,
  LogRecord,
  Member,
  ModelRecord,
  Moment,
  NodeRecord,
  Proposal,
  ReferenceRecord,
  RegisteredKey,
  Role,
} from './records.ts'
import { DEFAULT_TERMS, quorumOf, type Terms } from './terms.ts'

/** Those who serve, and those who watch or rely on them. A member may sit in both. */
export const CHAMBERS = {
  providers: ['operator', 'publisher'],
  watchers: ['validator', 'auditor', 'deployer'],
} as const satisfies Record<string, readonly Role[]>
export type Chamber = keyof typeof CHAMBERS

export const COLLECTIONS = [
  'members',
  'keys',
  'hosts',
  'applications',
  'proposals',
  'models',
  'nodes',
  'logs',
  'handIns',
  'chains',
  'epochs',
  'challenges',
  'findings',
  'disputes',
  'comparisons',
  'evidence',
  'references',
] as const
export type CollectionName = (typeof COLLECTIONS)[number]

/** Collections that came with a later version of the rules: an older state's digest is not over them. */
const SINCE: Partial<Record<CollectionName, number>> = {
  findings: 3,
  disputes: 3,
  comparisons: 3,
  evidence: 4,
  references: 4,
}

export class State {
  /** SHA-256 of the charter's statement; empty before there is one. */
  network = ''
  name = ''
  terms: Terms = DEFAULT_TERMS
  rules = 1
  /** Terms and rules that take effect at a size. */
  pending: { terms: Partial<Terms>; rules: number | null; at: number }[] = []
  /** Registry time, Unix milliseconds: what a quorum of owner groups has reached. 0 before the first. */
  time = 0
  /** Counted time, milliseconds: registry time without the gaps in which no quorum ticked. Deadlines count in it. */
  clock = 0
  /** Epochs are counted, and last at least as long as the terms say; `epochBegan` is counted time. */
  epoch = 0
  epochBegan = 0
  /** The newest tick of each validators' owner group. */
  readonly ticks = new Map<string, number>()
  /** Statements of each member in this epoch; those by its recovery keys apart, under `<member> recovery`. */
  readonly usage = new Map<string, number>()
  readonly handInUsage = new Map<string, number>()
  /** Bytes of evidence that each owner group stated in this epoch. */
  readonly evidenceUsage = new Map<string, number>()
  /** Anchors of the epochs whose seed is not made yet: epoch, then origin. */
  readonly anchors = new Map<number, Map<string, { from: number; size: number; root: string }>>()
  /** Links revealed for them: epoch, then member. */
  readonly reveals = new Map<number, Map<string, string>>()
  /** State digests that validators signed for each due size, by member. */
  readonly digests = new Map<number, Map<string, string>>()

  readonly members = new Collection<Member>((member, before) => {
    const { status, roles, ownerGroup } = member
    if (before?.status !== status || before.roles !== roles || before.ownerGroup !== ownerGroup)
      this.#byRoles.clear()
  })
  /** By the hex of the public key; for other than Ed25519, by the SHA-256 of the SubjectPublicKeyInfo. */
  readonly keys = new Collection<RegisteredKey>()
  /** By origin. */
  readonly hosts = new Collection<Host>()
  readonly applications = new Collection<Application>()
  readonly proposals = new Collection<Proposal>()
  /** By `name@version`. */
  readonly models = new Collection<ModelRecord>()
  /** By `member/name`. */
  readonly nodes = new Collection<NodeRecord>()
  /** By origin. */
  readonly logs = new Collection<LogRecord>()
  readonly handIns = new Collection<HandIn>()
  readonly chains = new Collection<Chain>()
  /** By number. */
  readonly epochs = new Collection<EpochRecord>()
  readonly challenges = new Collection<Challenge>()
  /** By `log index auditor`. */
  readonly findings = new Collection<Finding>(({ log, index, auditor }, before) => {
    if (before !== undefined) return
    const name = `${log} ${index}`
    this.#auditors.set(name, [...(this.#auditors.get(name) ?? []), auditor])
  })
  readonly disputes = new Collection<Dispute>()
  readonly comparisons = new Collection<ComparisonRecord>()
  /** By the document's digest. */
  readonly evidence = new Collection<EvidenceRecord>()
  /** By `id member`. */
  readonly references = new Collection<ReferenceRecord>(({ id, by, reference, revoked }, before) => {
    if (revoked !== null && revoked.groups !== null) this.#revokedImages.set(id, reference)
    if (before === undefined) this.#approvers.set(id, [...(this.#approvers.get(id) ?? []), by])
    const more = Number(revoked === null) - Number(before !== undefined && before.revoked === null)
    this.#approved.set(by, this.approvedBy(by) + more)
  })
  /** Owner groups by roles, until a member's standing changes. */
  readonly #byRoles = new Map<string, ReadonlySet<string>>()
  /** Who found something of a record, by `log index`. */
  readonly #auditors = new Map<string, string[]>()
  /** Who approved an image, by its id. */
  readonly #approvers = new Map<string, string[]>()
  /** Images that a quorum revoked, by their ids. */
  readonly #revokedImages = new Map<string, ReferenceValue>()
  /** How many images each member stands behind. */
  readonly #approved = new Map<string, number>()
  /** Ids of each member's keys. */
  readonly keysOf = new Map<string, string[]>()
  /** Whose a key's name is: notes are matched by it, so no two members' keys share one. */
  readonly keyNames = new Map<string, string>()
  /** Whose a model's name is. */
  readonly modelOwners = new Map<string, string>()
  /** Ids that deadlines are counted for, so that a tick looks at these alone. */
  readonly open = new Set<string>()
  host: Host | undefined

  moment(index: number): Moment {
    return { index, time: this.time }
  }

  /** Owner groups that have an active member with one of these roles, in the order in which they came. */
  groups(roles: readonly Role[]): string[] {
    return [...this.#groups(roles)]
  }

  /** How many owner groups have an active validator. */
  get validatorGroups(): number {
    return this.#groups(['validator']).size
  }

  /** Every tick and approval asks, and members change seldom. */
  #groups(roles: readonly Role[]): ReadonlySet<string> {
    const name = roles.join()
    const known = this.#byRoles.get(name)
    if (known !== undefined) return known
    const groups = new Set<string>()
    for (const { status, roles: has, ownerGroup } of this.members.values())
      if (status === 'active' && has.some(role => roles.includes(role))) groups.add(ownerGroup)
    this.#byRoles.set(name, groups)
    return groups
  }

  /** Whether an owner group has an active member with one of these roles. */
  hasGroup(group: string, roles: readonly Role[]): boolean {
    return this.#groups(roles).has(group)
  }

  /** Whether there is an active validator besides this member: without any, nothing could happen ever again. */
  hasOtherValidator(member: string): boolean {
    for (const { id, status, roles } of this.members.values())
      if (id !== member && status === 'active' && roles.includes('validator')) return true
    return false
  }

  /** Ids of a sort of thing that deadlines are counted for. */
  *openOf(sort: 'application' | 'proposal' | 'hand-in' | 'challenge' | 'dispute'): Generator<string> {
    const prefix = `${sort} `
    for (const name of this.open) if (name.startsWith(prefix)) yield name.slice(prefix.length)
  }

  /**
   * How far apart the ticks of groups that are all there may lie, in milliseconds: a tick further ahead is of a clock
   * that is wrong, and counts for nobody.
   */
  get tickSpread(): number {
    const { maximumGapSeconds, tickSeconds } = this.terms
    return (Math.max(maximumGapSeconds, 2 * tickSeconds) + 120) * 1000
  }

  /** What auditors found of one entry of a log. */
  findingsOf(log: string, index: number): Finding[] {
    const name = `${log} ${index}`
    return (this.#auditors.get(name) ?? []).map(auditor => this.findings.get(`${name} ${auditor}`)!)
  }

  /** All approvals of an image, revoked ones included. */
  referencesOf(id: string): ReferenceRecord[] {
    return (this.#approvers.get(id) ?? []).map(member => this.references.get(`${id} ${member}`)!)
  }

  /** Whether a quorum revoked this image, by these measurements or by fewer of them. */
  isRevokedImage(reference: ReferenceValue): boolean {
    return [...this.#revokedImages.values()].some(one => matchesReference(one, reference))
  }

  /** How many images a member has approved and not revoked. */
  approvedBy(member: string): number {
    return this.#approved.get(member) ?? 0
  }

  setKey(id: string, key: RegisteredKey): void {
    this.keys.set(id, key)
    const name = keyName(key.key)
    if (name !== undefined && !this.keyNames.has(name)) this.keyNames.set(name, key.member)
    const ids = this.keysOf.get(key.member)
    if (ids === undefined) this.keysOf.set(key.member, [id])
    else ids.push(id)
  }

  /** A member's keys, by id. */
  keysOfMember(member: string): [string, RegisteredKey][] {
    return (this.keysOf.get(member) ?? []).map(id => [id, this.keys.get(id)!])
  }

  /** Whether these owner groups are a quorum of the validators'. */
  isQuorum(groups: ReadonlySet<string>): boolean {
    const all = this.#groups(['validator'])
    let there = 0
    for (const group of groups) if (all.has(group)) there++
    return all.size > 0 && there >= quorumOf(all.size, this.terms.quorum)
  }

  /**
   * Whether these owner groups may move the host. The host's own group is left out where others remain, for it is the
   * one complained of; any quorum that cosigned still shares a group with any that moves (docs/decisions/0009).
   */
  mayMove(groups: ReadonlySet<string>): boolean {
    const hosted = this.members.get(this.host?.member ?? '')?.ownerGroup
    const all = this.groups(['validator'])
    const others = all.filter(group => group !== hosted)
    const electors = others.length >= 2 ? others : all
    const there = electors.filter(group => groups.has(group)).length
    return electors.length > 0 && there >= quorumOf(electors.length, this.terms.quorum)
  }

  /** Whether more than half of each chamber's owner groups approved. A chamber without groups has no say. */
  isApproved(approvals: Record<Chamber, readonly string[]>): boolean {
    return (Object.keys(CHAMBERS) as Chamber[]).every(chamber => {
      const groups = this.#groups(CHAMBERS[chamber])
      const there = approvals[chamber].filter(group => groups.has(group)).length
      return groups.size === 0 || there * 2 > groups.size
    })
  }

  /** The digest that validators sign for a size: over the roots of all collections and what stands beside them. */
  digest(size: number, suite: Suite): string {
    return toHex(suite.sha256(utf8(digestText(this.outline(size, suite)))))
  }

  /** What a state digest covers, from which a record's proof leads to it. */
  outline(size: number, suite: Suite): Outline {
    const names = COLLECTIONS.filter(name => (SINCE[name] ?? 1) <= this.rules)
    const collections = names.map(name => {
      const { size: count } = this[name]
      return [name, count, toHex(this[name].root(suite))] as const
    })
    const { network, rules, time, clock, epoch, terms } = this
    return { network, size, rules, time, clock, epoch, terms, collections }
  }
}

export interface Outline {
  network: string
  size: number
  rules: number
  time: number
  clock: number
  epoch: number
  terms: Terms
  /** Name, count and root of each collection. */
  collections: readonly (readonly [CollectionName, number, string])[]
}

/** The text whose SHA-256 is the state digest. */
export function digestText(outline: Outline): string {
  const { network, size, rules, time, clock, epoch, terms, collections } = outline
  return `answerable-registry-state/v1\n${JSON.stringify([network, size, rules, time, clock, epoch, terms, collections])}`
}
