/**
 * Registry records for sealed receipts: proven against the newest state whose digest a quorum of validators has signed.
 * That state is replayed once for each such size, and kept.
 */
import { fromUtf8 } from '@answerable/core'
import type { Receipt } from '@answerable/core/receipt'
import {
  type CollectionName,
  findingId,
  openEntry,
  parseRegistryPayload,
  proveRecords,
  Registry,
} from '@answerable/core/registry'
import { parseInference } from '@answerable/core/statement'
import { parseTlogProof } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { Ahead, replay } from './ahead.ts'
import type { RegistryBook } from './book.ts'

/** Entries beyond which a replay is not done for one receipt: it says so instead. */
const MOST_REPLAYED = 200_000
const PIECE = 512

export class Sealer {
  readonly #book: RegistryBook
  #sealed: { size: number; registry: Registry; digests: string[] } | undefined
  #sealing: Promise<void> | undefined

  constructor(book: RegistryBook) {
    this.#book = book
  }

  /** Adds what the registry says of a receipt's log, node, operator and model, as far as a quorum signed it. */
  async seal(receipt: Receipt): Promise<void> {
    this.#sealing ??= this.#prepare().finally(() => {
      this.#sealing = undefined
    })
    await this.#sealing
    if (this.#sealed === undefined) return
    const { registry, digests } = this.#sealed
    const { log: origin } = parseInference(receipt.statement)
    const { state } = registry
    const log = state.logs.get(origin)
    if (log === undefined) return
    const wanted: [CollectionName, string][] = [
      ['logs', origin],
      ['members', log.member],
      ['nodes', log.node],
    ]
    const manifest = manifestOf(receipt)
    for (const [id, model] of state.models.entries())
      if (model.manifest === manifest) wanted.push(['models', id], ['members', model.publisher])
    // Of its last statement's place in the log alone: that is what auditors' findings are of.
    for (const { index: at, auditor, dispute } of state.findingsOf(
      origin,
      parseTlogProof(receipt.proof).index,
    )) {
      wanted.push(['findings', findingId(origin, at, auditor)], ['members', auditor])
      if (dispute !== null) wanted.push(['disputes', dispute])
    }
    const unique = [...new Map(wanted.map(one => [one.join('/'), one])).values()]
    receipt.registry = proveRecords(registry, unique, digests, nodeSuite)
  }

  async #prepare(): Promise<void> {
    const { state } = this.#book
    const size = [...state.digests]
      .filter(([, by]) =>
        state.isQuorum(new Set([...by.keys()].map(member => state.members.get(member)!.ownerGroup))),
      )
      .map(([due]) => due)
      .at(-1)
    if (size === undefined || size === this.#sealed?.size || size > MOST_REPLAYED) return
    const ahead = new Ahead(nodeSuite)
    const registry = new Registry(ahead.suite)
    for (let at = 0; at < size; at += PIECE)
      await replay(registry, await this.#book.entries(at, Math.min(PIECE, size - at)), ahead)
    const digests: string[] = []
    for (const { index, effective } of this.#book.ofKind('state-digest', size)) {
      if (!effective) continue
      const [entry] = await this.#book.entries(index, 1)
      if (parseRegistryPayload(openEntry(entry!).payload).body.size === size) digests.push(fromUtf8(entry!))
    }
    this.#sealed = { size, registry, digests }
  }
}

function manifestOf({ disclosures }: Receipt): string | undefined {
  if (disclosures.model === undefined) return undefined
  try {
    const [, , value] = JSON.parse(disclosures.model) as [string, string, { signed?: { manifest?: string } }]
    return value.signed?.manifest
  } catch {
    return undefined
  }
}
