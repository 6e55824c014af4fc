/**
 * A member's part in its network's registry: its copy, its validator, and, where it is the host, the publishing of the
 * log. Which of these is active follows from the registry alone, so a host that was moved away stops by itself, and one
 * that it was moved to begins.
 */
import { join } from 'node:path'
import { AnswerableError, toHex } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import { hostUrl, openEntry, policyFrom } from '@answerable/core/registry'
import { type Policy, parseCheckpoint } from '@answerable/core/tlog'
import type { Hono } from 'hono'
import { DisclosureClient } from '../auditor/disclosure-client.ts'
import { nodeSuite } from '../log/suite.ts'
import { registryApp } from '../registry/app.ts'
import { Appraiser } from '../registry/appraiser.ts'
import { bookFolder, RegistryBook } from '../registry/book.ts'
import { RegistryClient } from '../registry/client.ts'
import { RegistryDocuments } from '../registry/documents.ts'
import { EvidenceKeeper } from '../registry/evidence-keeper.ts'
import { Host } from '../registry/host.ts'
import type { Keyring } from '../registry/keyring.ts'
import { Mirror, type Official } from '../registry/mirror.ts'
import { Submitter } from '../registry/submitter.ts'
import type { Disk } from '../storage/disk.ts'
import { validatorApp } from '../validator/app.ts'
import { Duties } from '../validator/duties.ts'
import { Forks } from '../validator/forks.ts'
import { type Gate, registryGate } from '../validator/gate.ts'
import { Moves } from '../validator/moves.ts'
import { Panel } from '../validator/panel.ts'
import { Validator } from '../validator/validator.ts'
import { checkStart, type Fetch, Publisher, WitnessClient } from '../witness/index.ts'
import type { LocalWitness } from './witnesses.ts'

export interface RegistryNodeOptions {
  disk: Disk
  /** The data folder. */
  folder: string
  member: string
  /** SHA-256 of the charter's statement. */
  network: string
  keyring: Keyring
  witnesses: readonly LocalWitness[]
  /** Base URLs that the registry is first asked of. */
  peers: readonly string[]
  intervalMs: number
  /** Stands before every request to another member. */
  send?: Fetch
  clock?: () => number
  report: (event: string, error?: unknown) => void
  /** Told when there is a newer official checkpoint. */
  onOfficial?: (official: Official) => Promise<void>
}

export class RegistryNode {
  readonly book: RegistryBook
  readonly mirror: Mirror
  readonly host: Host
  readonly submitter: Submitter
  readonly validator: Validator
  readonly moves: Moves
  readonly gate: Gate
  readonly documents: RegistryDocuments
  readonly evidence: EvidenceKeeper
  readonly appraiser: Appraiser
  readonly #options: RegistryNodeOptions
  readonly #panel: Panel
  #publisher: Publisher | undefined
  /** What the publisher was told last, so that it is told again only when that changes. */
  #told = ''
  #timer: NodeJS.Timeout | undefined
  #officialSize = 0
  #closing = false
  #settling: Promise<void> | undefined
  #round: Promise<void> = Promise.resolve()

  private constructor(options: RegistryNodeOptions, parts: Parts) {
    this.#options = options
    this.book = parts.book
    this.mirror = parts.mirror
    this.host = parts.host
    this.submitter = parts.submitter
    this.validator = parts.validator
    this.moves = parts.moves
    this.gate = parts.gate
    this.documents = parts.documents
    this.evidence = parts.evidence
    this.appraiser = parts.appraiser
    this.#panel = parts.panel
  }

  static async open(options: RegistryNodeOptions): Promise<RegistryNode> {
    return new RegistryNode(options, await openParts(options))
  }

  /** Whether this process hosts the registry. */
  get hosting(): boolean {
    return this.submitter.hosting
  }

  /** The policy that the registry comes to. */
  get policy(): Policy {
    return policyFrom(this.book.state, nodeSuite)
  }

  /** Clients for all witnesses of the network: those in this process are called without a socket. */
  witnessClients(): WitnessClient[] {
    const { witnesses, send } = this.#options
    const clients: WitnessClient[] = []
    for (const { name, key, url } of this.policy.witnesses) {
      const own = witnesses.find(witness => witness.key.name === name)
      if (own !== undefined) clients.push(own.client)
      else if (url !== undefined) clients.push(WitnessClient.of(name, key, url, send))
    }
    return clients
  }

  /** `/registry` and `/validator`. */
  apps(): Record<string, Hono> {
    const { book, host, mirror, documents, validator, moves } = this
    const client = (url: string) => clientOf(this.#options, url)
    return {
      '/registry': registryApp({
        book,
        host,
        mirror,
        documents,
        published: () =>
          this.hosting && this.#publisher !== undefined ? book.log.published.note : undefined,
      }),
      '/validator': validatorApp({ book, validator, moves, client }),
    }
  }

  /** SHA-256 of the charter's statement. */
  get network(): string {
    return this.#options.network
  }

  /** The charter's statement, once it is here. */
  async charter(): Promise<Uint8Array | undefined> {
    if (this.book.size === 0) return undefined
    const [entry] = await this.book.entries(0, 1)
    return openEntry(entry!).payload
  }

  /** Before anything else runs: what can be had of the registry now. The host's first checkpoint is cosigned. */
  async begin(): Promise<void> {
    // Also a host asks first: it may have been moved away meanwhile, or be an old copy of itself.
    await this.validator.follow().catch(() => undefined)
    if (this.hosting) await this.#checkStart()
    else await this.#resume()
    await this.publishNow()
    await this.settle()
  }

  /** `onSettled` is called after each round. */
  start(onSettled: () => Promise<void> = () => Promise.resolve()): void {
    this.validator.start()
    const round = async () => {
      await this.settle()
      // Beside the round: whoever answers slowly must not hold it up.
      void this.evidence.perform().then(() => this.appraiser.perform())
      await onSettled().catch(error => this.#options.report('a fault of ours', error))
    }
    const again = () => {
      if (this.#closing) return
      this.#timer = setTimeout(() => {
        this.#round = round().finally(again)
      }, this.#options.intervalMs)
      this.#timer.unref()
    }
    this.#round = round().finally(again)
  }

  /** No more rounds; resolves when the last is over. What was open for reading stays so until `close`. */
  async stop(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    await this.#round
    await this.evidence.idle()
    await this.appraiser.idle()
    await this.validator.stop()
    await this.#panel.stop()
  }

  /** Brings what runs here in line with what the registry says: host or not, which logs, which witnesses. */
  settle(): Promise<void> {
    this.#settling ??= this.#settle()
      .catch(error => this.#options.report('the registry could not be settled', error))
      .finally(() => {
        this.#settling = undefined
      })
    return this.#settling
  }

  /** One round of publishing, where this process hosts. */
  async publishNow(): Promise<void> {
    await this.settle()
    await this.#publisher?.publishNow()
    const note = this.#publisher?.witnessed?.note
    if (note !== undefined) await this.mirror.officiate(note)
    await this.settle()
  }

  /** Witnesses, as the host sees them. */
  get witnessStatus(): Publisher['witnesses'] {
    return this.#publisher?.witnesses ?? []
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#settling
    await this.host.idle()
    await this.#publisher?.stop()
    await this.book.close()
    for (const witness of this.#options.witnesses) witness.close()
  }

  /** A host whose witnesses saw more of its log than is here, or at any peer, must not go on with it. */
  async #checkStart(): Promise<void> {
    const { book } = this
    const check = await checkStart(book.log, this.witnessClients(), { key: book.signer.key })
    if (check.outcome !== 'rolled-back') return
    const { size } = check.fork
    if (book.state.groups(['validator']).length === 1 && (await this.#succeed(size))) return
    const error = new AnswerableError(
      'rolled-back',
      `the registry here is an old copy: a witness saw ${size} entries; restore the newer one, or ask other members to move the host`,
    )
    book.log.halt(error)
    this.#options.report(error.message)
  }

  /**
   * A network of one owner that lost the end of its registry has nobody to get it from. It moves the host to another
   * key of its own, from where things stand here: what the old key signed beyond is an abandoned end, for all to see.
   */
  async #succeed(seen: number): Promise<boolean> {
    const { book, submitter } = this
    const { keyring, report } = this.#options
    const before = book.state.host!.origin
    await book.resign(await keyring.replaceHost())
    const { key, signer } = keyring.all.find(({ purpose }) => purpose === 'host')!
    const member = keyring.statements('member')
    const added = submitter.entry('key', { keys: [{ purpose: 'host', key }] }, [member, signer])
    const size = book.size + 1
    const to = { vkey: key, member: keyring.member, url: hostUrl(book.state)! }
    const root = toHex(book.registry.rootWith([added]))
    const reason = `an old copy came back: witnesses saw ${seen} entries of the old origin`
    const move = submitter.entry('host-move', { from: before, size, root, to, reason }, [
      keyring.statements('validator'),
    ])
    const results = await book.append([added, move], ({ effective }) => effective)
    const moved = results.every(({ taken }) => taken)
    if (moved)
      report(
        `the registry here is an old copy: a witness saw ${seen} entries of it. It goes on as ${book.origin} from ${size}`,
      )
    return moved
  }

  /** A move to another key of one's own that a crash cut off once that key was made: nobody else could end it. */
  async #resume(): Promise<void> {
    const { state, size } = this.book
    const { member, witnesses } = this.#options
    if (state.host?.member !== member || state.groups(['validator']).length !== 1) return
    const { origin } = state.host
    const seen = Math.max(size, ...witnesses.map(witness => witness.cosigned(origin)))
    await this.#succeed(seen)
  }

  /** One who hosted once and was moved away has a fresh key for another time: an origin that ended stays ended. */
  async #spare(): Promise<void> {
    const { book, submitter } = this
    const { keyring, member } = this.#options
    if (this.hosting || book.state.members.get(member)?.status !== 'active') return
    if (book.state.hosts.has(book.origin)) await book.resign(await keyring.replaceHost())
    const { key, signer } = keyring.all.find(({ purpose }) => purpose === 'host')!
    const known = book.state.keysOfMember(member).some(([, { key: one }]) => one === key)
    if (!known) {
      const signers = [keyring.statements('member'), signer]
      await submitter.state('key', { keys: [{ purpose: 'host', key }] }, signers).catch(() => undefined)
    }
  }

  async #settle(): Promise<void> {
    const { book, mirror } = this
    for (const witness of this.#options.witnesses) witness.trust(this.#trusted())
    if (this.hosting) await this.#publish()
    else await this.#spare()
    if (!this.hosting && this.#publisher !== undefined) {
      await this.#publisher.stop()
      this.#publisher = undefined
      this.#options.report(`the registry is hosted by ${book.state.host?.member} now`)
    }
    const { official } = mirror
    await this.submitter.settle(official?.size ?? 0)
    if (official !== undefined && official.size > this.#officialSize) {
      this.#officialSize = official.size
      await this.#options.onOfficial?.(official)
    }
  }

  /** vkeys of the logs that this member's witnesses cosign: inference logs, and the registry where it is here. */
  #trusted(): string[] {
    const { state, origin } = this.book
    const vkeys: string[] = []
    for (const { vkey, forked } of state.logs.values()) if (forked === null) vkeys.push(vkey)
    if (state.host?.origin === origin) vkeys.push(state.host.vkey)
    return vkeys
  }

  async #publish(): Promise<void> {
    const { policy } = this
    const witnesses = this.witnessClients()
    const now = JSON.stringify([witnesses.map(({ vkey, url }) => [vkey, url]), policy.groups, policy.quorum])
    if (this.#publisher === undefined) {
      const { disk, folder, intervalMs, report } = this.#options
      this.#publisher = await Publisher.open({
        log: this.book.log,
        key: this.book.signer.key,
        witnesses,
        policy,
        keep: { disk, path: join(folder, 'registry-witnessed') },
        intervalMs,
        onWitnessed: ({ note }) => void this.mirror.officiate(note).catch(() => undefined),
        onFork: ({ source }) =>
          report(`the registry's log is not the one that ${source} saw; it takes no more entries`),
      })
      if (this.#publisher.witnessed !== undefined) await this.mirror.officiate(this.#publisher.witnessed.note)
      this.#publisher.start()
    } else if (now !== this.#told) this.#publisher.configure(witnesses, policy)
    this.#told = now
  }
}

interface Parts {
  book: RegistryBook
  mirror: Mirror
  host: Host
  submitter: Submitter
  validator: Validator
  moves: Moves
  gate: Gate
  panel: Panel
  documents: RegistryDocuments
  evidence: EvidenceKeeper
  appraiser: Appraiser
}

async function openParts(options: RegistryNodeOptions): Promise<Parts> {
  const { disk, folder, member, network, keyring, witnesses, clock = Date.now, report, intervalMs } = options
  const signer = keyring.signer('host')
  const book = await RegistryBook.open({ disk, folder: bookFolder(folder), signer })
  try {
    let submitter: Submitter | undefined
    // What was stated to a host that went is stated again to the next.
    const onAbandoned = (entries: readonly Uint8Array[]) => submitter?.keep(entries)
    const forks = await Forks.open(disk, join(folder, 'validator'), book, ({ origin, size }) =>
      report(`${origin} has signed two histories: another tree of ${size} entries was shown`),
    )
    const onFork = async (note: string, ours: string) => {
      const { origin, size } = parseCheckpoint(parseNote(note).text)
      await forks.keep({ origin, size, note, ours })
    }
    const onDoubt = async (note: string, ours: string) => {
      await forks.compare(note, ours)
    }
    const mirror = await Mirror.open({ book, disk, folder, network, member, onAbandoned, onFork, onDoubt })
    // A first copy that was cut short says nothing that was ever checked.
    const founded = book.state.host?.member === member
    if (book.size > 0 && mirror.official === undefined && !founded) await book.rewind(0, [], true)
    if (book.size > 0 && book.state.network !== network)
      throw new AnswerableError('corrupt', `${bookFolder(folder)}: the registry of another network`)
    const client = (url: string) => clientOf(options, url)
    const peers = () => peersOf(options, book)
    const documents = await RegistryDocuments.open(disk, join(folder, 'registry-documents'), clock)
    const evidence = new EvidenceKeeper({ book, documents, member, client, peers, clock })
    const host = new Host(book, clock, evidence)
    const digestOf = (entry: Uint8Array) => nodeSuite.sha256Hex(openEntry(entry).payload)
    submitter = new Submitter({ book, network, member, host, client, clock, digestOf })
    const disclosures = new DisclosureClient({
      state: () => book.state,
      member,
      signer: () => keyring.statements('member'),
      ...(options.send && { send: options.send }),
      clock,
    })
    const panel = new Panel({ book, submitter, keyring, disclosures, clock, report })
    const duties = new Duties({
      book,
      submitter,
      keyring,
      disk,
      folder: join(folder, 'beacon'),
      clock,
      panel,
    })
    const validator = await Validator.open({
      book,
      mirror,
      submitter,
      keyring,
      duties,
      forks,
      evidence,
      disk,
      folder: join(folder, 'validator'),
      client,
      peers,
      clock,
      intervalMs,
      report,
    })
    const moves = await Moves.open({
      book,
      mirror,
      keyring,
      network,
      disk,
      folder: join(folder, 'validator'),
      client,
      peers,
      complaint: () => validator.complaint(),
      forked: origin => forks.of(origin) !== undefined,
      cosigned: origin => Math.max(0, ...witnesses.map(witness => witness.cosigned(origin))),
      clock,
    })
    validator.moves = moves
    const trust = (vkey: string) => {
      for (const witness of witnesses) witness.trust([vkey])
    }
    const appraiser = new Appraiser({ book, documents, submitter, keyring, report })
    const gate = registryGate({ book, mirror, moves, evidence, client, trust })
    return { book, mirror, host, submitter, validator, moves, gate, panel, documents, evidence, appraiser }
  } catch (error) {
    await book.close()
    throw error
  }
}

/** Other validators' base URLs, by member; before the registry is here, those that were given. */
function peersOf({ member, peers }: RegistryNodeOptions, book: RegistryBook): Map<string, string> {
  const urls = new Map<string, string>()
  for (const { id, url, status, roles } of book.state.members.values())
    if (id !== member && status === 'active' && url !== null && roles.includes('validator')) urls.set(id, url)
  if (urls.size === 0) for (const [i, url] of peers.entries()) urls.set(`peer ${i}`, url)
  return urls
}

function clientOf({ send }: RegistryNodeOptions, url: string): RegistryClient {
  return new RegistryClient({ url, ...(send && { fetch: send }) })
}
