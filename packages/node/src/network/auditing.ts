/**
 * What a member does about audits, by its roles: an operator opens records for those who may ask, and answers in disputes;
 * an auditor draws, runs again, states and disputes; a validator judges what it is drawn for.
 */

import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '@answerable/core'
import type { DisclosedRecord } from '@answerable/core/audit'
import type { Dispute } from '@answerable/core/registry'
import { parseDisclosure } from '@answerable/core/statement'
import type { Hono } from 'hono'
import { openRecord } from '../audit-service/index.ts'
import { type AuditFound, AuditQueue } from '../auditor/audit-queue.ts'
import { Auditor } from '../auditor/auditor.ts'
import { DisclosureClient } from '../auditor/disclosure-client.ts'
import { KeptOpenings } from '../auditor/kept-openings.ts'
import { doneWith, KeptRecords } from '../auditor/kept-records.ts'
import type { Shown } from '../dispute/evidence.ts'
import {
  type DisclosedForDispute,
  Disputant,
  EvidenceClient,
  EvidenceService,
  evidenceApp,
  GraphCase,
  Jury,
} from '../dispute/index.ts'
import type { GatewayNode } from '../gateway/node.ts'
import { nodeSuite } from '../log/suite.ts'
import type { ModelFinder } from '../model-store/index.ts'
import type { RecordStore } from '../record/store.ts'
import type { Keyring } from '../registry/keyring.ts'
import { Replayer } from '../replay/index.ts'
import type { Disk } from '../storage/disk.ts'
import type { Fetch } from '../witness/index.ts'
import type { AuditHooks } from './audit-hooks.ts'
import type { RegistryNode } from './registry-node.ts'

type Store = Pick<RecordStore, 'storage' | 'log' | 'index'>

export interface AuditingOptions {
  disk: Disk
  /** The data folder. */
  folder: string
  registry: RegistryNode
  keyring: Keyring
  gateway: GatewayNode
  older: readonly Store[]
  models: ModelFinder
  send?: Fetch
  clock?: () => number
  hooks?: AuditHooks
  report: (event: string, error?: unknown) => void
}

export class Auditing {
  readonly auditor: Auditor
  readonly disputant: Disputant
  readonly jury: Jury
  /** What operators signed that opens something else than their logs hold. */
  readonly openings: KeptOpenings
  readonly #options: AuditingOptions
  readonly #replayer: Replayer
  readonly #records: KeptRecords
  readonly #disclosure: DisclosureClient

  constructor(options: AuditingOptions) {
    this.#options = options
    const { disk, folder, registry, keyring, models, send, clock, hooks = {}, report } = options
    const { book, submitter } = registry
    const place = join(folder, 'audits')
    mkdirSync(place, { recursive: true, mode: 0o700 })
    const asks = {
      state: () => book.state,
      member: keyring.member,
      signer: () => keyring.statements('member'),
      ...(send && { send }),
      ...(clock && { clock }),
    }
    this.#records = new KeptRecords(disk, join(place, 'records'))
    this.openings = new KeptOpenings(disk, join(place, 'openings'))
    this.#disclosure = new DisclosureClient(asks)
    this.#replayer = new Replayer({ findModel: sha256 => models.find(sha256) })
    this.auditor = new Auditor({
      book,
      submitter,
      keyring,
      queue: new AuditQueue(join(place, 'queue.db')),
      records: this.#records,
      openings: this.openings,
      disclosure: this.#disclosure,
      rerun: async (record, signal) => {
        const came = await this.#replayer.rerun(record, signal)
        return hooks.found?.(came) ?? came
      },
      opening: (record, found) => this.#opening(record, found),
      ...(hooks.tries !== undefined && { tries: hooks.tries }),
      ...(clock && { clock }),
      report,
    })
    this.disputant = new Disputant({
      book,
      submitter,
      keyring,
      ...(hooks.moves && { moves: hooks.moves }),
      report,
      caseOf: async dispute => {
        const record = await this.#ownRecord(dispute)
        return record && this.#caseOf(record)
      },
    })
    this.jury = new Jury({
      book,
      submitter,
      keyring,
      evidence: new EvidenceClient(asks),
      disclosed: (dispute, signal) => this.#disclosed(dispute, signal),
      caseOf: record => this.#caseOf(record),
      rerun: record => this.#replayer.rerun(record),
      report,
    })
  }

  /** What those who judge ask of this member, by path. */
  apps(): Record<string, Hono> {
    const { registry, clock } = this.#options
    const { book } = registry
    const evidence = new EvidenceService({
      state: () => book.state,
      shown: dispute => this.#shown(dispute),
      ...(clock && { clock }),
    })
    return { '/dispute': evidenceApp(evidence) }
  }

  /** One round of all of it. Rejects with what could not be brought to the host. */
  async perform(): Promise<void> {
    this.disputant.perform()
    this.jury.perform()
    await this.#forget()
    await this.auditor.perform()
  }

  async close(): Promise<void> {
    await this.auditor.close()
    await this.#replayer.close()
    await this.disputant.close()
    await this.jury.close()
  }

  /** What a dispute is opened with: of a graph the commitment to this auditor's own trace. */
  async #opening(record: DisclosedRecord, { token }: AuditFound): Promise<JsonObject> {
    if (token !== null) return { token }
    const found = await this.#caseOf(record)
    if (found === undefined) return { token: 0 }
    return { commitment: { ...(await found.trace()).commitment } }
  }

  async #shown(dispute: Dispute): Promise<Shown | undefined> {
    const { keyring, report } = this.#options
    const evidence = await this.disputant.evidence(dispute).catch(error => {
      report(`there is no trace for the dispute ${dispute.digest.slice(0, 16)}`, error)
      return undefined
    })
    if (dispute.auditor !== keyring.member) return evidence && { evidence }
    return { record: await this.#records.get(dispute.entry), evidence }
  }

  /** This side's copy of the record: the auditor's as it was disclosed, the operator's own. */
  async #ownRecord({ entry, log, index, auditor }: Dispute): Promise<DisclosedRecord | undefined> {
    const { keyring, gateway, older } = this.#options
    if (auditor === keyring.member) return this.#records.get(entry)
    const store = [gateway.store, ...older].find(one => one.log.origin === log)
    if (store === undefined) return undefined
    const found = await openRecord(store, index)
    if (found.outcome !== 'found' || nodeSuite.sha256Hex(found.statement) !== entry) return undefined
    return found.record
  }

  async #disclosed({ log, index, digest }: Dispute, signal: AbortSignal): Promise<DisclosedForDispute> {
    const ground = { reason: 'dispute', digest } as const
    const came = await this.#disclosure.ask({ log, index, ground }, signal)
    const { entry } = came.evidence
    return {
      ...(entry !== undefined && { entry }),
      ...(came.outcome === 'opened' && { record: came.opened.record }),
    }
  }

  /** Undefined where the model's file is not here. The record is compared with what the log holds by whoever has it. */
  async #caseOf(record: DisclosedRecord): Promise<GraphCase | undefined> {
    const { disclosures, content } = record
    const { request, response } = content
    if (disclosures.model === undefined || disclosures.request === undefined) return undefined
    const { manifest } = parseDisclosure(disclosures.model).value as { manifest?: { sha256?: string } }
    const path = manifest?.sha256 === undefined ? undefined : await this.#options.models.find(manifest.sha256)
    if (path === undefined || request === undefined || response === undefined) return undefined
    const parts = { requestDisclosure: disclosures.request, request, response, manifest: manifest!.sha256! }
    return GraphCase.of(parts, await readFile(path), this.#options.hooks?.values)
  }

  /** Records of disputes that are over need not be kept. */
  async #forget(): Promise<void> {
    const { registry, keyring } = this.#options
    const { book } = registry
    const kept = await this.#records.entries()
    if (kept.length === 0) return
    const over = doneWith(book.state.disputes.values(), keyring.member)
    for (const entry of kept) if (over.has(entry)) await this.#records.forget(entry)
  }
}
