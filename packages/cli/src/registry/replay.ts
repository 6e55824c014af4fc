/**
 * A network's registry, replayed: every entry folded by core's rules, the tree compared with the checkpoint, the
 * checkpoint with the keys that the entries themselves name. It may come from anyone; nothing of it is believed
 * further than that. What the reader brings is the digest of the charter, and what they saw before.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError, equal, errorCode, toHex } from '@answerable/core'
import { parseNote, parseVkey } from '@answerable/core/note'
import { judgeOfficial, type Outcome, Registry, type State } from '@answerable/core/registry'
import { type Checkpoint, type OwnerResult, openCheckpoint, parseCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { Progress } from '../output/progress.ts'
import { plain } from '../output/text.ts'

/** Where a registry is read from: a `RegistryClient`, or a folder. */
export interface RegistrySource {
  readonly url: string
  /** The newest checkpoint, as a note: not checked. */
  checkpoint(): Promise<string>
  /** Entries in order: not checked. */
  entries(from: number, to: number): AsyncGenerator<Uint8Array[]>
}

/** A tree that the reader saw before, which this one must continue. */
export interface SeenTree {
  size: number
  root: Uint8Array
  /** For people: where it was seen. */
  where: string
}

export interface ReplayOptions {
  /** SHA-256 of the charter's statement, where the reader knows which network they mean. */
  network?: string
  seen?: readonly SeenTree[]
  onEntry?: (entry: Uint8Array, outcome: Outcome) => void
  signal?: AbortSignal
  /** Milliseconds between tries, while nothing is missing but a quorum. */
  pauses?: readonly number[]
}

export type RegistryFault = { kind: 'tree' | 'host' | 'quorum' | 'forked' | 'behind'; message: string }

/** The last effective statement of a kind by a member. */
export interface Last {
  index: number
  /** Registry time, Unix milliseconds. */
  time: number
}

export interface Replayed {
  where: string
  note: string
  checkpoint: Checkpoint
  registry: Registry
  state: State
  /** Effective entries by kind. */
  kinds: Map<string, number>
  /** Void entries by the rule that forbids them. */
  voids: Map<string, { count: number; first: number }>
  /** By member, then kind. */
  last: Map<string, Map<string, Last>>
  /** The owners that the quorum counts, and whether each cosigned. */
  owners: readonly OwnerResult[]
  faults: RegistryFault[]
}

const PAUSES = [250, 1000, 3000]
/** A mirror's newest checkpoint may just be in between: the entries name an owner who has yet to cosign. */
const QUORUM_PAUSES = [500, 1000, 2000]

/** Throws where it cannot be looked at, and `conflict` for another network; what is wrong with it is in `faults`. */
export async function replay(source: RegistrySource, options: ReplayOptions = {}): Promise<Replayed> {
  for (const pause of options.pauses ?? QUORUM_PAUSES) {
    const replayed = await once(source, options)
    if (replayed.faults.length !== 1 || replayed.faults[0]!.kind !== 'quorum') return replayed
    if (replayed.checkpoint.size > 100_000) return replayed
    await wait(pause)
  }
  return once(source, options)
}

/**
 * The same, and throws for any fault: for commands that act on what it says. A checkpoint that too few owners cosigned
 * is one only with `quorum`: while an owner is away, the others still have things to state.
 */
export async function replayWhole(
  source: RegistrySource,
  options: ReplayOptions & { quorum?: boolean } = {},
): Promise<Replayed> {
  const replayed = await replay(source, options)
  const fault = replayed.faults.find(({ kind }) => options.quorum || kind !== 'quorum')
  if (fault !== undefined)
    throw new AnswerableError(
      fault.kind === 'quorum' || fault.kind === 'behind' ? 'unavailable' : 'conflict',
      `${plain(source.url)}: ${fault.message}`,
    )
  return replayed
}

async function once(source: RegistrySource, options: ReplayOptions): Promise<Replayed> {
  const note = await source.checkpoint()
  const checkpoint = parseCheckpoint(parseNote(note).text)
  const registry = new Registry(nodeSuite)
  const counts = new Counts()
  const faults: RegistryFault[] = []
  const seen = (options.seen ?? []).filter(({ size }) => size > 0)
  const progress = new Progress(checkpoint.size, 'entries')
  try {
    for await (const entry of retried(source, checkpoint.size, options.signal)) {
      const outcome = registry.append(entry)
      if (outcome.index === 0) expectNetwork(source, registry, options.network)
      counts.add(outcome, registry.state)
      options.onEntry?.(entry, outcome)
      for (const { size, root, where } of seen)
        if (size === registry.size && !equal(registry.root(), root))
          faults.push({
            kind: 'forked',
            message: `it does not continue the ${size} entries seen before (${where})`,
          })
      progress.update(registry.size)
    }
  } finally {
    progress.end()
  }
  if (checkpoint.size === 0) expectNetwork(source, registry, options.network)
  for (const { size, where } of seen)
    if (size > checkpoint.size)
      faults.push({
        kind: 'behind',
        message: `it has ${checkpoint.size} entries, and ${size} were seen before (${where})`,
      })
  const judged = judge(registry, note, checkpoint)
  faults.push(...judged.faults)
  const { kinds, voids, last } = counts
  return {
    where: source.url,
    note,
    checkpoint,
    registry,
    state: registry.state,
    kinds,
    voids,
    last,
    owners: judged.owners,
    faults,
  }
}

/**
 * Goes on with what a source has beyond what was replayed, which is used up by this: what is counted stays as it was.
 * Undefined where that does not lead to a tree that the host signed.
 */
export async function extend(replayed: Replayed, source: RegistrySource): Promise<Replayed | undefined> {
  const note = await source.checkpoint()
  const checkpoint = parseCheckpoint(parseNote(note).text)
  const { registry } = replayed
  if (checkpoint.size <= registry.size) return replayed
  for await (const part of source.entries(registry.size, checkpoint.size))
    for (const entry of part) registry.append(entry)
  const { owners, faults } = judge(registry, note, checkpoint)
  if (faults.some(({ kind }) => kind !== 'quorum')) return undefined
  return { ...replayed, where: source.url, note, checkpoint, owners, faults }
}

function judge(
  registry: Registry,
  note: string,
  checkpoint: Checkpoint,
): { owners: readonly OwnerResult[]; faults: RegistryFault[] } {
  const { state } = registry
  if (!equal(registry.root(), checkpoint.root)) {
    const message = `its entries make the root ${toHex(registry.root()).slice(0, 16)}…, and its checkpoint has another`
    return { owners: [], faults: [{ kind: 'tree', message }] }
  }
  const { host } = state
  if (host?.origin !== checkpoint.origin) {
    const message = `${plain(checkpoint.origin)} is not the host: ${plain(host?.origin ?? 'nobody')} is`
    return { owners: [], faults: [{ kind: 'host', message }] }
  }
  try {
    openCheckpoint(note, [parseVkey(host.vkey, nodeSuite)], nodeSuite)
  } catch (error) {
    const message = `the host did not sign it: ${(error as Error).message}`
    return { owners: [], faults: [{ kind: 'host', message }] }
  }
  const result = judgeOfficial(state, note, nodeSuite)
  if (result.outcome !== 'ok')
    return {
      owners: [],
      faults: [{ kind: 'host', message: `its signatures are not good (${result.outcome})` }],
    }
  const { owners, quorum } = result
  if (quorum && owners.length > 0) return { owners, faults: [] }
  const reached = owners.filter(one => one.reached).length
  const message = `${reached} of ${owners.length} owners cosigned it, too few for a quorum`
  return { owners, faults: [{ kind: 'quorum', message }] }
}

function expectNetwork({ url }: RegistrySource, { state }: Registry, network: string | undefined): void {
  if (state.network === '')
    throw new AnswerableError('conflict', `${plain(url)}: its first entry is not the charter of a network`)
  if (network !== undefined && state.network !== network)
    throw new AnswerableError(
      'conflict',
      `${plain(url)}: the registry of another network, ${state.network.slice(0, 16)}…, than ${network.slice(0, 16)}…`,
    )
}

/** Entries one by one; a mirror that does not answer for a moment is asked again. */
async function* retried(
  source: RegistrySource,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let failures = 0; at < size; ) {
    try {
      for await (const part of source.entries(at, size)) {
        for (const entry of part) {
          at++
          yield entry
        }
        if (part.length === 0)
          throw new AnswerableError('bad-format', `${plain(source.url)}: an empty bundle`)
        failures = 0
      }
    } catch (error) {
      const pause = PAUSES[failures++]
      if (errorCode(error) !== 'unavailable' || pause === undefined || signal?.aborted) throw error
      await wait(pause)
    }
  }
}

class Counts {
  readonly kinds: Replayed['kinds'] = new Map()
  readonly voids: Replayed['voids'] = new Map()
  readonly last: Replayed['last'] = new Map()

  add({ index, effective, kind, rule, member }: Outcome, { time }: State): void {
    if (!effective) {
      const known = this.voids.get(rule!) ?? { count: 0, first: index }
      this.voids.set(rule!, { ...known, count: known.count + 1 })
      return
    }
    this.kinds.set(kind!, (this.kinds.get(kind!) ?? 0) + 1)
    const own = this.last.get(member!) ?? new Map<string, Last>()
    this.last.set(member!, own.set(kind!, { index, time }))
  }
}
