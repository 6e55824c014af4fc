/**
 * Registry records for sealed receipts: proven against the newest state whose digest a quorum of validators has signed.
 * That state is replayed once for each such size, and kept.
 */
import { fromUtf8 } from '@answerable/core'
import type { Receipt } from '@answerable/core/receipt'
import {
  type CollectionName,
  type Finding,
  findingId,
  MAX_RECORDS,
  openEntry,
  parseRegistryPayload,
  proveRecords,
  Registry,
  type State,
} from '@answerable/core/registry'
import { parseInference } from '@answerable/core/statement'
import { parseTlogProof } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { Ahead, replay } from './ahead.ts'
import type { RegistryBook } from './book.ts'
import type { RegistryDocuments } from './documents.ts'
import { addEvidence, evidenceRecords, type WantedRecord } from './sealed-evidence.ts'

/** Entries beyond which a replay is not done for one receipt: it says so instead. */
const MOST_REPLAYED = 200_000
const PIECE = 512
/** What is known of evidence that comes before audits of the record. */
const EVIDENCE_FIRST = 8

export class Sealer {
  readonly #book: RegistryBook
  readonly #documents: RegistryDocuments | undefined
  #sealed: { size: number; registry: Registry; digests: string[] } | undefined
  #sealing: Promise<void> | undefined

  constructor(book: RegistryBook, documents?: RegistryDocuments) {
    this.#book = book
    this.#documents = documents
  }

  /**
   * Adds what the registry says of a receipt's log, node, operator, model and evidence, as far as a quorum signed it; and the
   * documents of that evidence.
   */
  async seal(receipt: Receipt): Promise<void> {
    this.#sealing ??= this.#prepare().finally(() => {
      this.#sealing = undefined
    })
    await this.#sealing
    if (this.#sealed === undefined) return
    const { registry, digests } = this.#sealed
    const { log: origin, evidence, time } = parseInference(receipt.statement)
    const { state } = registry
    const log = state.logs.get(origin)
    if (log === undefined) return
    const wanted: WantedRecord[] = [
      ['logs', origin],
      ['members', log.member],
      ['nodes', log.node],
    ]
    const manifest = manifestOf(receipt)
    for (const [id, model] of state.models.entries())
      if (model.manifest === manifest) wanted.push(['models', id], ['members', model.publisher])
    const stated = evidence === undefined ? undefined : state.evidence.get(evidence)
    // Evidence of another node says nothing of this record.
    const own = stated?.log === origin ? stated : undefined
    if (own !== undefined) wanted.push(['evidence', own.digest])
    const unique = new Map(wanted.map(one => [one.join('/'), one]))
    // Of its last statement's place in the log alone: that is what auditors' findings are of.
    const findings = state.findingsOf(origin, parseTlogProof(receipt.proof).index)
    // Those that speak against it first, if there is not room for all.
    const found = findings.sort((a, b) => weight(b) - weight(a)).map(one => recordsOf(one, state))
    const about = own && evidenceRecords(state, own, await this.#documents?.get(own.digest))
    // Some room for each: neither crowds the other out.
    addUpTo(unique, about?.slice(0, EVIDENCE_FIRST) ?? [], MAX_RECORDS)
    addUpTo(unique, found, MAX_RECORDS)
    addUpTo(unique, about ?? [], MAX_RECORDS)
    if (own !== undefined && this.#documents !== undefined)
      await addEvidence(receipt, own, time, this.#documents)
    receipt.registry = proveRecords(registry, [...unique.values()], digests, nodeSuite)
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

/** Adds groups of records as long as there is room for the whole of one. */
function addUpTo(
  unique: Map<string, WantedRecord>,
  groups: readonly (readonly WantedRecord[])[],
  most: number,
): void {
  for (const group of groups) {
    const more = new Map(group.map(one => [one.join('/'), one]))
    if (new Set([...unique.keys(), ...more.keys()]).size > most) return
    for (const [name, one] of more) unique.set(name, one)
  }
}

function weight({ outcome, dispute }: Finding): number {
  return Number(outcome === 'inconsistent') + Number(dispute !== null)
}

/** All that it takes to judge a finding: who says so, by which key, and who judged a dispute about it. */
function recordsOf({ log, index, auditor, key, dispute }: Finding, state: State): [CollectionName, string][] {
  const records: [CollectionName, string][] = [
    ['findings', findingId(log, index, auditor)],
    ['members', auditor],
    ['keys', key],
  ]
  if (dispute === null) return records
  records.push(['disputes', dispute])
  for (const { member } of state.disputes.get(dispute)!.votes) records.push(['members', member])
  return records
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
