/**
 * What a validator states of its own accord: the time, the digest of the state that it replayed, its part of the
 * beacon. Each is due or not by what the registry holds, so a validator that was away takes up where things stand.
 */
import { revealEpoch } from '@answerable/core/registry'
import type { RegistryBook } from '../registry/book.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'
import type { Disk } from '../storage/disk.ts'
import { type HashChain, openChain } from './chain.ts'
import type { Panel } from './panel.ts'

/** A tick of this owner's that is further ahead of the clock was a mistake of one of them, in milliseconds. */
const AHEAD_MS = 60_000

export interface DutiesOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  disk: Disk
  /** For the chain's secret. */
  folder: string
  clock: () => number
  panel: Panel
}

export class Duties {
  readonly #options: DutiesOptions
  readonly #chains = new Map<number, HashChain>()
  #lastTick = 0
  /** The size whose digest was given, and the epoch that was revealed for: by this process. */
  #digested = 0
  #revealed = -1

  constructor(options: DutiesOptions) {
    this.#options = options
  }

  /** States what is due. Rejects with the first thing that could not be brought to the host; the others are tried. */
  async perform(): Promise<void> {
    const outcomes = await Promise.allSettled([
      this.#tick(),
      this.#digest(),
      this.#beacon(),
      this.#options.panel.vote(),
    ])
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Whether this member is a validator, as the registry has it. */
  get onDuty(): boolean {
    const { book, keyring } = this.#options
    const member = book.state.members.get(keyring.member)
    return member?.status === 'active' && member.roles.includes('validator')
  }

  async #tick(): Promise<void> {
    const { book, submitter, keyring, clock } = this.#options
    const now = clock()
    if (now - this.#lastTick < book.state.terms.tickSeconds * 1000) return
    const own = book.state.ticks.get(book.state.members.get(keyring.member)!.ownerGroup) ?? 0
    // Another of this owner's validators may tick as well; a tick from far ahead may be taken back.
    if (now <= own && own - now < AHEAD_MS) return
    await submitter.state('tick', { at: new Date(now).toISOString() }, [keyring.statements('validator')])
    this.#lastTick = now
  }

  async #digest(): Promise<void> {
    const { book, submitter, keyring } = this.#options
    const { due } = book.registry
    if (due === undefined || due.size <= this.#digested) return
    if (!book.state.digests.get(due.size)?.has(keyring.member))
      await submitter.state('state-digest', { ...due }, [keyring.statements('validator')])
    this.#digested = due.size
  }

  async #beacon(): Promise<void> {
    const { book, submitter, keyring } = this.#options
    const { state } = book
    const signers = [keyring.statements('validator')]
    const chain = state.chains.get(keyring.member)
    if (chain === undefined || (chain.left <= 4 && chain.next === null)) {
      const { tip, length } = await this.#chain(chain === undefined ? 0 : this.#numberOf(chain.tip) + 1)
      await submitter.state('beacon-commitment', { tip, length }, signers)
      return
    }
    const epoch = revealEpoch(state)
    if (epoch <= this.#revealed || chain.from > epoch || chain.left === 0) return
    if (!state.reveals.get(epoch)?.has(keyring.member)) {
      const links = await this.#chainOf(chain)
      if (links !== undefined)
        await submitter.state('reveal', { epoch, link: links.link(chain.left) }, signers)
    }
    this.#revealed = epoch
  }

  /** The chain that the registry's record goes along, where its secret is here. */
  async #chainOf({ tip, left }: { tip: string; left: number }): Promise<HashChain | undefined> {
    for (let number = 0; number < 1000; number++) {
      const chain = await this.#chain(number)
      if ((left === chain.length ? chain.tip : chain.link(left + 1)) === tip) return chain
    }
    return undefined
  }

  #numberOf(tip: string): number {
    for (const [number, chain] of this.#chains) {
      for (let left = chain.length; left >= 1; left--) if (chain.link(left) === tip) return number
    }
    return this.#chains.size - 1
  }

  async #chain(number: number): Promise<HashChain> {
    const { disk, folder } = this.#options
    const known = this.#chains.get(number) ?? (await openChain(disk, folder, number))
    this.#chains.set(number, known)
    return known
  }
}
