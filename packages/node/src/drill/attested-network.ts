/**
 * A throwaway network in which bo's node has evidence of a machine. The machine, its vendor and the vendor's root are
 * simulated: the charter names that root, as does the reader here, and nobody else would.
 */
import { AnswerableError } from '@answerable/core'
import type { Endorsement } from '@answerable/core/evidence'
import {
  type Claim,
  networkFromRegistry,
  type Receipt,
  type Verification,
  Verifier,
} from '@answerable/core/receipt'
import { type EvidenceRecord, evidencePolicyUnder } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import { SimulatedMachine } from '../simulated/machine.ts'
import { ask } from './caller.ts'
import { fetchReceipt } from './holder.ts'
import type { Member } from './member.ts'
import type { Scene } from './scene.ts'
import type { SharedNetwork } from './shared-network.ts'

/** Of every drill with one: what it can never show. */
export const SIMULATED =
  'Anything of real hardware: machine, vendor and the vendor’s root are simulated, made here for this drill, and nobody else trusts them.'

/** What takes several rounds of the registry comes later than other things. Milliseconds. */
const PATIENCE = 60_000
const VALIDATORS = ['ada', 'cy', 'dee'] as const

export interface AttestedOptions {
  /** Whether the machine has a GPU. */
  gpu?: boolean
  clock?: (member: string) => () => number
}

/** An answer's receipt as its holder kept it, with where it came from. */
export interface Kept {
  link: string
  receipt: Receipt
}

export class AttestedNetwork {
  readonly machine: SimulatedMachine
  readonly shared: SharedNetwork
  readonly #scene: Scene

  private constructor(scene: Scene, shared: SharedNetwork, machine: SimulatedMachine) {
    this.#scene = scene
    this.shared = shared
    this.machine = machine
  }

  /** Founds it. bo's node has attested once the machine is as a drill wants it: see `attest`. */
  static async found(scene: Scene, { gpu = false, clock }: AttestedOptions = {}): Promise<AttestedNetwork> {
    const machine = new SimulatedMachine()
    const bo = {
      set: { evidence: machine.config },
      attesters: machine.attesters(gpu),
      vendors: machine.vendor,
    }
    const shared = await scene.owners({
      ...(clock && { clock }),
      // Validators say nothing of evidence of their own.
      roles: id => (id === 'bo' ? ['operator'] : undefined),
      terms: { evidence: { policy: machine.policy } },
      more: id => (id === 'bo' ? bo : undefined),
    })
    return new AttestedNetwork(scene, shared, machine)
  }

  get bo(): Member {
    return this.shared.members[1]
  }

  /** Who approves images, and others who validate. */
  get cy(): Member {
    return this.shared.members[2]
  }

  /** bo's own process, as far as it has to do with evidence. */
  get attesting() {
    return this.bo.network!.attesting!
  }

  /** New evidence of the machine as it is now, on record everywhere. Rejects with why bo's own process states none. */
  async attest(): Promise<EvidenceRecord> {
    await this.attesting.attest()
    return this.known(this.attesting.status.evidence!)
  }

  /** New endorsements of the same evidence, on record everywhere. */
  async refresh(): Promise<EvidenceRecord> {
    await this.attesting.refresh()
    return this.known(this.attesting.status.evidence!)
  }

  /** Evidence once all have it with its newest archive, under a state that validators signed: sealed receipts bring it then. */
  async known(digest: string): Promise<EvidenceRecord> {
    const newest = ({ state }: Member) => state.evidence.get(digest)?.endorsements.at(-1)
    const all = this.shared.members
    const stated = () => newest(this.bo)
    const isThere = () => stated() !== undefined && all.every(one => newest(one)?.digest === stated()!.digest)
    if (!(await this.comes(isThere)))
      throw new AnswerableError('internal', 'the evidence did not get to all of the throwaway network')
    await this.shared.agree({ comes: holds => this.comes(holds) }, stated()!.stated.index + 1)
    return this.record(digest)
  }

  record(digest: string): EvidenceRecord {
    return this.shared.members[0].state.evidence.get(digest)!
  }

  /** What the validators found of evidence with its newest archive, once all three have said it. */
  async words(digest: string): Promise<EvidenceRecord['appraisals'][number][]> {
    const found = () => {
      const { endorsements, appraisals } = this.record(digest)
      return appraisals.filter(one => one.endorsements === endorsements.at(-1)!.digest)
    }
    await this.comes(() => VALIDATORS.every(id => found().some(({ by }) => by === id)))
    return found()
  }

  /** A member approves the machine's image. */
  async approve(member: Member = this.cy): Promise<void> {
    await member.states('reference-value', { reference: this.machine.image as never })
    await this.#caughtUp(member)
  }

  /** Waits until the reader's copy holds what a member stated last. */
  async #caughtUp({ book }: Member): Promise<void> {
    const { size } = book
    const [ada] = this.shared.members
    await this.comes(() => ada.book.size >= size)
  }

  /** Asks bo, and keeps the sealed receipt as it is once a quorum has seen the record. */
  async ask(prompt: string): Promise<Kept> {
    const { link } = await ask(this.bo.url, { prompt })
    const kept = { link: link!, receipt: await this.#seal(link!) }
    await this.comes(async () => {
      kept.receipt = await this.#seal(kept.link)
      const { recorded, place } = this.check(kept).claims
      return recorded.reason === 'witnessed' && place.reason !== 'evidence-missing'
    })
    return kept
  }

  /** The receipt of the same record as its gateway seals it now, once its place comes to what the fault brings about. */
  async sealedAnew(kept: Kept, reason: Claim['reason']): Promise<Kept> {
    const anew = { ...kept }
    const comes = async () => {
      anew.receipt = await this.#seal(kept.link)
      return this.place(anew).reason === reason
    }
    if (this.#scene.inject) await this.comes(comes)
    else await this.#scene.faultShows(comes)
    return anew
  }

  /** The holder secret stays in the fragment. */
  #seal(link: string): Promise<Receipt> {
    return fetchReceipt(link.replace('#', '?sealed#'))
  }

  /** As somebody checks it who replayed the registry, and trusts the simulated root; with endorsements of their own, if any. */
  check({ receipt }: Kept, own?: readonly Endorsement[]): Verification {
    const [ada] = this.shared.members
    const networks = [networkFromRegistry('drill', ada.state, nodeSuite)]
    const evidence = evidencePolicyUnder(ada.state.terms)
    return new Verifier(nodeSuite, { networks, evidence }).verify(receipt, own && { archives: [own] })
  }

  place(kept: Kept, own?: readonly Endorsement[]): Claim {
    return this.check(kept, own).claims.place
  }

  comes(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    return this.#scene.comes(holds, PATIENCE)
  }
}

/** A claim in a few words, as a finding has it. */
export function wordsOf({ claim, result, reason, sentence }: Claim): string {
  return `${claim}: ${result}, ${reason}. ${sentence}`
}

/** Which reasons members gave, once each. */
export function reasonsOf(words: readonly { reasons: readonly string[] }[]): string {
  return [...new Set(words.flatMap(({ reasons }) => reasons))].join(', ')
}
