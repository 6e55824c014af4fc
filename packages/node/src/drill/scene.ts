/** Where a drill takes place: a temporary folder, throwaway networks in it, and an end to all of it. */
import { rmSync } from 'node:fs'
import { cp, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AnswerableError } from '@answerable/core'
import { type LocalNetwork, startLocal } from '../network/index.ts'
import { ChildGateway } from './child-gateway.ts'
import { ChildMember } from './child-member.ts'
import { Findings } from './findings.ts'
import { Holder } from './holder.ts'
import { drillConfig } from './settings.ts'
import { SharedNetwork, type SharedOptions } from './shared-network.ts'
import { DrillUpstream } from './upstream.ts'
import { WitnessLinks } from './witness-links.ts'

export interface Throwaway {
  readonly network: LocalNetwork
  readonly url: string
  /** What the network told its owner. */
  readonly reports: readonly string[]
  readonly links: WitnessLinks
  /** A reader who took the trust that was offered at this start. */
  readonly holder: Holder
}

/** How long to wait for what must come, and, without the fault, for what must not. Milliseconds. */
const PATIENCE = 30_000
const IMPATIENCE = 700
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export class Scene {
  /** Whether the fault is injected. */
  readonly inject: boolean
  readonly findings = new Findings()
  readonly upstream: DrillUpstream
  readonly #folder: string
  readonly #closers: (() => unknown)[] = []
  readonly #onExit = () => rmSync(this.#folder, { recursive: true, force: true })
  readonly #onSignal = (signal: NodeJS.Signals) => {
    // Children end with their channel to us.
    this.#onExit()
    this.#forget()
    process.kill(process.pid, signal)
  }

  private constructor(inject: boolean, folder: string, upstream: DrillUpstream) {
    this.inject = inject
    this.#folder = folder
    this.upstream = upstream
    this.#closers.push(() => upstream.close())
    process.once('exit', this.#onExit)
    for (const signal of SIGNALS) process.on(signal, this.#onSignal)
  }

  static async open(inject: boolean): Promise<Scene> {
    const folder = await mkdtemp(join(tmpdir(), 'answerable-drill-'))
    return new Scene(inject, folder, await DrillUpstream.open())
  }

  /** The path of a data folder by its name here. */
  path(...parts: string[]): string {
    return join(this.#folder, ...parts)
  }

  /** Starts a network on a data folder, with more in its configuration where a drill needs it. Rejects as the start does. */
  async network(
    name: string,
    links = new WitnessLinks(),
    more: Record<string, unknown> = {},
  ): Promise<Throwaway> {
    const reports: string[] = []
    const network = await startLocal({
      folder: this.path(name),
      config: drillConfig(this.upstream.url, more),
      environment: {},
      demo: false,
      reach: links.reach,
      report: event => reports.push(event),
    })
    this.#closers.push(() => network.close())
    return { network, url: network.url, reports, links, holder: new Holder(network.policy) }
  }

  /** Founds a network of four owners, and waits until it is under way. */
  async owners({
    clock = () => Date.now,
    roles = () => undefined,
    ...more
  }: Partial<Omit<SharedOptions, 'path' | 'upstream'>> = {}): Promise<SharedNetwork> {
    const path = (member: string) => this.path(member)
    const shared = await SharedNetwork.found({
      path,
      upstream: this.upstream.url,
      clock,
      roles,
      ...more,
    })
    this.#closers.push(() => shared.close())
    if (!(await this.comes(() => shared.settled)))
      throw new AnswerableError('internal', 'the throwaway network did not get under way')
    return shared
  }

  /** Starts one in a process of its own. */
  async child(name: string): Promise<ChildGateway> {
    const child = await ChildGateway.start(this.path(name), this.upstream.url)
    this.#closers.push(() => child.kill())
    return child
  }

  /** An owner in a process of its own, not started yet. */
  childMember(id: string): ChildMember {
    const member = new ChildMember(id, this.path(id))
    this.#closers.push(() => member.kill())
    return member
  }

  onClose(closer: () => unknown): void {
    this.#closers.push(closer)
  }

  /** Copies a data folder that nobody writes to. */
  copy(from: string, to: string): Promise<void> {
    // A process that runs on it replaces files whole: what it is about to rename is not part of any moment's folder.
    const filter = (path: string) => !path.endsWith('.tmp')
    return cp(this.path(from), this.path(to), { recursive: true, filter })
  }

  /** Lets time pass, where the fault is one of time. */
  pause(ms: number): Promise<void> {
    return sleep(ms)
  }

  /** Waits until something holds that must come to hold. Resolves with whether it did in time. */
  async comes(holds: () => boolean | Promise<boolean>, patience = PATIENCE): Promise<boolean> {
    const end = performance.now() + patience
    while (!(await holds())) {
      if (performance.now() > end) return false
      await sleep(10)
    }
    return true
  }

  /** The same for what only the fault brings about: without it the wait is short. */
  faultShows(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    return this.comes(holds, this.inject ? PATIENCE : IMPATIENCE)
  }

  /** Ends all that is still running and removes the folder, whatever fails on the way; then throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const closer of this.#closers.splice(0).reverse()) {
      try {
        await closer()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#forget()
    this.#onExit()
    if (failures.length > 0) throw failures[0]
  }

  #forget(): void {
    process.off('exit', this.#onExit)
    for (const signal of SIGNALS) process.off(signal, this.#onSignal)
  }
}
