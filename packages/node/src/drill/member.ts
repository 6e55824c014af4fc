/** An owner whose part runs in this process, where its lines to the others can be cut and its parts made to lie. */
import type { JsonObject } from '@answerable/core'
import { openEntry, type Registry } from '@answerable/core/registry'
import type { Attesters } from '../attester/index.ts'
import type { Backend } from '../gateway/backend.ts'
import { loadConfig } from '../gateway/config.ts'
import type { ServedModels } from '../gateway/kserve.ts'
import { nodeSuite } from '../log/suite.ts'
import type { AuditHooks } from '../network/audit-hooks.ts'
import { type LocalNetwork, startLocal } from '../network/index.ts'
import type { Submitted } from '../registry/host.ts'
import type { Fetch } from '../witness/index.ts'
import { Owner, type OwnerOptions, type Signing } from './owner.ts'

export interface MemberOptions extends OwnerOptions {
  /** Fields of its gateway's configuration. */
  set?: Record<string, unknown>
  /** Stands before every request to another member. */
  send?: Fetch
  clock?: () => number
  report?: (event: string, error?: unknown) => void
  /** Whether the demo's models are served. */
  demo?: boolean
  /** Stands before the models that run here. */
  serve?: (models: ServedModels) => ServedModels
  /** Backends that stand before those of its configuration. They are its to close. */
  backends?: readonly Backend[]
  /** Stands before what audits compute here. */
  audits?: AuditHooks
  /** In place of the hardware of its node, and before every request to a vendor of it. */
  attesters?: Attesters
  vendors?: Fetch
}

export class Member extends Owner {
  readonly #options: MemberOptions
  #starting: Promise<LocalNetwork | undefined> | undefined
  network: LocalNetwork | undefined
  /** Where requests to other members go instead; undefined where the line is cut. */
  reach: (url: string) => string | undefined = url => url

  constructor(id: string, folder: string, options: MemberOptions = {}) {
    super(id, folder, options)
    this.#options = options
  }

  get registry(): LocalNetwork['registry'] {
    return this.network!.registry
  }

  get book(): LocalNetwork['registry']['book'] {
    return this.registry.book
  }

  get state(): Registry['state'] {
    return this.book.state
  }

  /** How much of the registry a quorum has seen, as far as is known here. */
  get official(): number {
    return this.registry.mirror.official?.size ?? 0
  }

  get hostedBy(): string | undefined {
    return this.state.host?.member
  }

  /** States something through its own process. */
  async states(kind: string, body: JsonObject, purpose: Signing = 'member'): Promise<Submitted> {
    return this.registry.submitter.state(kind, body, [(await this.keys()).statements(purpose)])
  }

  /** Founds a network of its own, and starts. */
  async found(terms: Record<string, unknown>): Promise<void> {
    await this.settleIn({ ...this.membership, networkName: 'test-net', terms })
    await this.start()
  }

  /** Starts, and applies with another's signature as sponsor. Resolves with the application's digest. */
  async join(sponsor: Member): Promise<string> {
    const application = await this.apply(sponsor.registry.network, sponsor)
    await sponsor.registry.submitter.submit(application)
    return nodeSuite.sha256Hex(openEntry(application).payload)
  }

  async approve(digest: string): Promise<void> {
    await this.states('approval', { of: digest })
  }

  /** On the port that it had before, unless told. */
  override async start(port: number = this.port): Promise<void> {
    const { send = request => fetch(request), report = () => undefined, clock, set } = this.#options
    const { demo = false, serve, backends, audits, attesters, vendors } = this.#options
    const diverted: Fetch = request => {
      const url = this.reach(request.url)
      if (url === undefined) return Promise.reject(new Error('the line is cut'))
      return send(url === request.url ? request : new Request(url, request))
    }
    const starting = startLocal({
      folder: this.folder,
      environment: {},
      demo,
      config: loadConfig(undefined, {}, { port, publishMilliseconds: 100, operator: this.id, ...set }),
      report,
      send: diverted,
      ...(clock && { clock }),
      ...(serve && { serve }),
      ...(backends && { backends }),
      ...(audits && { audits }),
      ...(attesters && { attesters }),
      ...(vendors && { vendors }),
    })
    this.#starting = starting.catch(() => undefined)
    this.network = await starting
    this.port = Number(new URL(this.network.url).port)
  }

  async stop(): Promise<void> {
    // One that is stopped while it starts would otherwise run on.
    const network = this.network ?? (await this.#starting)
    this.network = undefined
    this.#starting = undefined
    await network?.close()
  }
}
