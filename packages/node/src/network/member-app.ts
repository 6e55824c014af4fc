/** All that a member's process answers besides calls: receipts, logs, witnesses, registry, audits, papers, the page. */
import { AnswerableError } from '@answerable/core'
import type { Hono } from 'hono'
import { accessesOf, auditApp, DisclosureService } from '../audit-service/index.ts'
import type { CallProtocol } from '../gateway/call-paths.ts'
import { logApp } from '../gateway/log-app.ts'
import type { Metrics } from '../gateway/metrics.ts'
import { publicApp } from '../gateway/public.ts'
import { sharedModelsApp } from '../gateway/shared-models.ts'
import type { Documents } from '../record/documents.ts'
import { linkedIds } from '../record/receipts.ts'
import type { Keyring } from '../registry/keyring.ts'
import { Sealer } from '../registry/sealer.ts'
import type { Disk } from '../storage/disk.ts'
import { networkApp } from './admission.ts'
import type { AuditHooks } from './audit-hooks.ts'
import type { Auditing } from './auditing.ts'
import { demoApp } from './demo.ts'
import { fromAny, getFromAny, indexesFromAny } from './generations.ts'
import { Invitations } from './invitations.ts'
import type { LocalModels } from './local-models.ts'
import type { EarlierLog } from './logs.ts'
import { slugOf } from './membership.ts'
import { nodeApp } from './node-app.ts'
import type { Operator } from './operator.ts'
import { trustOffer } from './papers.ts'
import type { RegistryNode } from './registry-node.ts'
import { type StandingOptions, standing } from './standing.ts'
import type { LocalWitness } from './witnesses.ts'

export interface MemberAppOptions extends StandingOptions {
  disk: Disk
  /** The data folder. */
  folder: string
  keyring: Keyring
  operator: Operator
  older: readonly EarlierLog[]
  auditing: Auditing
  witnesses: readonly LocalWitness[]
  own: LocalModels
  documents: Documents
  metrics: Metrics
  callProtocol(path: string): CallProtocol | undefined
  /** The page, where it is built. */
  page?: Hono
  audits?: AuditHooks
  demo: boolean
  /** Where others reach this process, once that is known. */
  address(): string | undefined
  /** Whether the node is stated, so that calls are taken. */
  ready(): boolean
  clock?: () => number
  report: (event: string, error?: unknown) => void
}

export function memberApp(options: MemberAppOptions): Hono {
  const { config, gateway, older, registry, documents, ready } = options
  const { backends, models, routes, metrics, callProtocol } = options
  const fault = (error: unknown) => options.report('a fault of ours', error)
  const sealer = new Sealer(registry.book, registry.documents)
  return publicApp({
    receipts: { get: (receiptId, secret) => getFromAny([gateway, ...older], receiptId, secret) },
    seal: receipt => sealer.seal(receipt),
    async accesses(receiptId, secret) {
      const found = await indexesFromAny([gateway, ...older], receiptId, secret)
      return { id: receiptId, accesses: await accessesOf(gateway.store, found) }
    },
    async erase(receiptId, secret) {
      // Opening it shows that the secret is the holder's.
      const { receipt, lifecycle } = await fromAny([gateway, ...older], async log => ({
        receipt: await log.receipts.get(receiptId, secret),
        lifecycle: log.lifecycle,
      }))
      // The same was asked of each; their content goes first, since it is the record that names them.
      for (const linked of linkedIds(receipt)) await lifecycle.eraseId(linked)
      await lifecycle.eraseId(receiptId)
    },
    documents,
    callProtocol,
    backends,
    models,
    routes,
    metrics,
    mounts: mountsOf(options, fault),
    trust: () => trustOffer(nameOf(registry, config.operator), registry.policy, registry.network),
    status: () => standing(options),
    writable: () => ready() && gateway.store.log.writable,
    report: fault,
  })
}

/** Each part under its path. */
function mountsOf(options: MemberAppOptions, fault: (error: unknown) => void): Record<string, Hono> {
  const { disk, folder, gateway, older, registry, keyring, membership, operator, attesting, own } = options
  const { key } = gateway.options.signer
  const clock = options.clock && { clock: options.clock }
  const disclosures = new DisclosureService({
    member: membership.member,
    signer: () => {
      if (keyring.has('member')) return keyring.statements('member')
      throw new AnswerableError('unavailable', 'this process cannot sign for its member')
    },
    registry: () => ({ state: registry.book.state, size: registry.book.size }),
    current: gateway.store,
    older: older.map(({ store }) => store),
    now: () => gateway.recorder.now(),
    ...(options.audits?.opens && { opens: options.audits.opens }),
    ...clock,
    report: fault,
  })
  const mounts: Record<string, Hono> = {
    '/log': logApp(() => gateway.store.log, key),
    ...registry.apps(),
    '/audit': auditApp(disclosures),
    ...options.auditing.apps(),
    '/network': networkApp({
      book: registry.book,
      submitter: registry.submitter,
      keyring,
      network: registry.network,
      invitations: new Invitations(disk, folder),
      ...clock,
    }),
    '/node': nodeApp({
      book: registry.book,
      operator,
      member: membership.member,
      url: options.address,
      origin: key.name,
      attesting,
    }),
  }
  for (const { number, log, key: logKey } of older) mounts[`/logs/${number}`] = logApp(() => log, logKey)
  if (options.demo) mounts['/demo'] = demoApp()
  mounts['/models'] = sharedModelsApp(own.signed.filter(({ share }) => share))
  for (const { path, app } of options.witnesses) mounts[path] = app
  if (options.page !== undefined) mounts['/'] = options.page
  return mounts
}

/** What a reader is offered to call the network: the name of a common one, or the owner's where it is theirs alone. */
function nameOf({ book }: RegistryNode, operator: string): string {
  const { members, name } = book.state
  return slugOf(members.size > 1 ? name : `${operator}-${name}`)
}
