/** An operator with records, auditors, and the registry that knows them all: in one process, without a network. */
import { generateKeyPairSync } from 'node:crypto'
import type { TestContext } from 'node:test'
import { toHex } from '@answerable/core'
import {
  type DisclosureAnswer,
  type DisclosureRequest,
  formatDisclosureAnswer,
  openDisclosureRequest,
  type Signed,
  thumbprintOf,
} from '@answerable/core/audit'
import { formatVkey, type NoteSigner } from '@answerable/core/note'
import { type Role, State, type StatementSigner } from '@answerable/core/registry'
import { inferenceContext } from '@answerable/core/statement'
import { Hono } from 'hono'
import { temporaryFolder } from '../../test/network.ts'
import {
  auditApp,
  DisclosureService,
  type DisclosureServiceOptions,
  encryptTo,
} from '../audit-service/index.ts'
import { errorBody } from '../gateway/http.ts'
import { logApp } from '../gateway/log-app.ts'
import { noteSigner } from '../log/index.ts'
import { nodeSuite } from '../log/suite.ts'
import { Lifecycle } from '../record/lifecycle.ts'
import { type Asked, Recorder } from '../record/recorder.ts'
import { RecordStore } from '../record/store.ts'
import { statementSigner } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'
import type { Fetch } from '../witness/index.ts'
import { DisclosureClient, type DisclosureClientOptions } from './disclosure-client.ts'

export const NETWORK = nodeSuite.sha256Hex(Buffer.from('charter'))
const DIGEST = 'ab'.repeat(32)
const SEED = 'cd'.repeat(32)
export const SAMPLE = { reason: 'sample', epoch: 5 } as const

export function keyOf(name: string): NoteSigner {
  return noteSigner(name, generateKeyPairSync('ed25519').privateKey)
}

export const ASKED: Asked = {
  request: Buffer.from('{"model":"m","prompt":"what nobody else is to know"}'),
  method: 'POST',
  path: '/v1/chat/completions',
  mediaType: 'application/json',
  model: '{"name":"m"}',
  sampling: '{}',
  parties: '{"operator":"ops"}',
}

export const answered = (text: string) => ({
  response: Buffer.from(text),
  status: 200,
  mediaType: 'application/json',
  outcome: 'ok' as const,
})

/** The registry, as everyone here has it. */
export class Known {
  readonly state = new State()
  readonly keys = new Map<string, NoteSigner>()

  constructor(log: NoteSigner) {
    const { state } = this
    state.network = NETWORK
    state.time = Date.now()
    state.epoch = 7
    state.terms = {
      ...state.terms,
      audit: { samples: { default: 1, uses: {} }, moveSeconds: 60 },
    }
    this.join('ops', ['operator'])
    this.join('ada', ['auditor'])
    this.join('bea', ['auditor'])
    this.join('val', ['validator'])
    const stated = state.moment(1)
    state.nodes.set('ops/gateway', {
      id: 'ops/gateway',
      member: 'ops',
      url: 'http://ops.example',
      descriptor: DIGEST,
      models: [],
      stated,
      before: [],
    })
    state.logs.set(log.key.name, {
      origin: log.key.name,
      vkey: formatVkey(log.key),
      node: 'ops/gateway',
      member: 'ops',
      stated,
      anchor: null,
      forked: null,
      silent: null,
    })
  }

  join(id: string, roles: Role[]): void {
    const since = this.state.moment(1)
    this.state.members.set(id, {
      id,
      name: id,
      ownerGroup: id,
      roles,
      jurisdiction: 'DE',
      hosting: 'own',
      url: `http://${id}.example`,
      evidence: null,
      status: 'active',
      since,
      ended: null,
    })
    const key = keyOf(`${id}/member`)
    this.keys.set(id, key)
    this.state.setKey(this.signer(id).keyid, {
      member: id,
      purpose: 'member',
      key: formatVkey(key.key),
      added: since,
      until: null,
      revoked: null,
      by: null,
    })
  }

  signer(id: string): StatementSigner {
    return statementSigner(this.keys.get(id)!)
  }
}

export class Operator {
  readonly folder: string
  readonly logSigner: NoteSigner
  readonly known: Known
  readonly store: RecordStore
  readonly recorder: Recorder
  readonly lifecycle: Lifecycle
  readonly app: Hono

  constructor(
    folder: string,
    logSigner: NoteSigner,
    store: RecordStore,
    options: Partial<DisclosureServiceOptions>,
  ) {
    this.folder = folder
    this.logSigner = logSigner
    this.store = store
    this.known = new Known(logSigner)
    const context = inferenceContext({
      log: logSigner.key.name,
      node: DIGEST,
      charter: NETWORK,
      terms: DIGEST,
    })
    const { log, index } = store
    this.recorder = new Recorder({ log, index, context, clock: Date.now, lastTime: store.lastTime })
    this.lifecycle = new Lifecycle(store, { retentionDays: 1, samplingHours: 0, clock: () => Date.now() + 1 })
    const service = new DisclosureService({
      member: 'ops',
      signer: () => this.known.signer('ops'),
      registry: () => ({ state: this.known.state, size: 40 }),
      current: store,
      now: () => this.recorder.now(),
      ...options,
    })
    this.app = new Hono()
      .route(
        '/log',
        logApp(() => log, logSigner.key),
      )
      .route('/audit', auditApp(service))
    this.app.onError(error => {
      const { status, body } = errorBody(error)
      return new Response(new Uint8Array(body), { status })
    })
  }

  static async open(
    t: TestContext,
    options: Partial<DisclosureServiceOptions> = {},
    origin = 'ops.example/log',
  ): Promise<Operator> {
    const folder = temporaryFolder(t)
    const signer = keyOf(origin)
    const store = await RecordStore.open({ disk: realDisk, folder, signer })
    t.after(() => store.close().catch(() => undefined))
    return new Operator(folder, signer, store, options)
  }

  get origin(): string {
    return this.logSigner.key.name
  }

  /** All that is recorded is published and anchored, and due in the sample. */
  async publish(): Promise<void> {
    const { size, root } = await this.store.log.publish()
    const { state } = this.known
    const anchor = { size, root: toHex(root), epoch: 5, index: 9 }
    state.logs.update(this.origin, { anchor })
    state.epochs.set('5', {
      epoch: 5,
      seed: SEED,
      groups: [],
      missed: [],
      anchors: 1,
      predictable: false,
      drawnFrom: [{ log: this.origin, from: 0, to: size, root: anchor.root }],
    })
  }

  /** One record, published and due. */
  async record(text = '{"answer":42}'): Promise<{ id: string; secret: string; index: number }> {
    const made = await this.recorder.answer(ASKED, answered(text))
    await this.publish()
    return made
  }

  readonly send: Fetch = request => this.app.fetch(request)

  client(member = 'ada', options: Partial<DisclosureClientOptions> = {}): DisclosureClient {
    return new DisclosureClient({
      state: () => this.known.state,
      member,
      signer: () => this.known.signer(member),
      send: this.send,
      timeoutMs: 5000,
      logTimeoutMs: 5000,
      ...options,
    })
  }

  /** What an operator answers that signs something of its own making for a request. */
  async forge(
    envelope: Uint8Array,
    change: {
      plain?: Uint8Array
      ciphertext?: string
      says?: Partial<DisclosureAnswer>
      signer?: StatementSigner
      access?: unknown
    } = {},
  ): Promise<Response> {
    const request: Signed<DisclosureRequest> = openDisclosureRequest(envelope, nodeSuite)
    const { said, digest } = request
    const record = await this.store.storage.at(said.index)
    const ciphertext =
      change.ciphertext ?? (await encryptTo(said.recipient, change.plain ?? Buffer.from('{}')))
    const answer = formatDisclosureAnswer(
      {
        network: NETWORK,
        by: 'ops',
        time: Date.now(),
        log: said.log,
        index: said.index,
        request: digest,
        statement: nodeSuite.sha256Hex(record.statement),
        recipient: thumbprintOf(said.recipient, nodeSuite),
        ciphertext: { sha256: nodeSuite.sha256Hex(Buffer.from(ciphertext)), length: ciphertext.length },
        ...change.says,
      },
      change.signer ?? this.known.signer('ops'),
    )
    const { access = null } = change
    return Response.json({ answer: Buffer.from(answer).toString(), ciphertext, access })
  }

  /** Requests for a record are answered otherwise, all others as they are. */
  lying(answer: (envelope: Uint8Array, request: Request) => Response | Promise<Response>): Fetch {
    return async request => {
      if (!request.url.endsWith('/audit/disclosure')) return this.send(request)
      return answer(new Uint8Array(await request.clone().arrayBuffer()), request)
    }
  }
}
