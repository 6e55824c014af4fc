import { toBase64Url, toHex, utf8 } from '../src/bytes.ts'
import { testSigner } from '../src/note/fixtures.test.ts'
import { SIG_COSIGNATURE_ED25519, signerVkey } from '../src/note/index.ts'
import { type ProvenStatement, type Receipt, type Trust, trustFrom } from '../src/receipt/index.ts'
import type { JsonObject } from '../src/shape.ts'
import {
  type DisclosureName,
  disclosureDigest,
  disclosureText,
  EVENT_DISCLOSURES,
  entryOf,
  formatInference,
  holderDigest,
  type InferenceEvent,
  type InferenceStatement,
  inferenceContext,
  parseInference,
  type RegistryPoint,
  statementBytes,
} from '../src/statement/index.ts'

import { disclosedValues } from './disclosed-values.ts'
import { type Cosigners, EPOCH, suite, TestLog, type Witness } from './test-log.ts'

export interface WorldOptions {
  seed?: string
  /** Entries in the log before the first receipt. */
  entries?: number
  /** How many witnesses each owner has. An owner has witnessed what any of its witnesses has. */
  owners?: Record<string, number>
  /** How many owners make a quorum; 0 for `quorum none`. */
  threshold?: number
  /** Names in front of every origin, so that two worlds can meet. */
  domain?: string
}

export interface RecordOptions {
  request?: Uint8Array
  response?: Uint8Array
  /** In place of the usual values of disclosures. */
  values?: Partial<Record<DisclosureName, JsonObject>>
  /** In place of fields of the statement, or of both of a stream's. */
  fields?: Partial<InferenceStatement>
  /** In place of fields of a stream's last statement alone. */
  endFields?: Partial<InferenceStatement>
  /** Who cosigns the log's checkpoint; all witnesses unless told, 20, 21 ... seconds after `EPOCH`. */
  cosigners?: Cosigners
  /** The log that it is put in, whatever the statement says. */
  log?: TestLog
  /** Whether the operator names hardware evidence. */
  evidence?: string
  /** Whether the statement names the registry's checkpoint, and the receipt brings it; true unless told. */
  registry?: boolean
  /** When all witnesses cosigned that checkpoint, POSIX seconds; `EPOCH` unless told. */
  registryTime?: number
}

export interface Made {
  receipt: Receipt
  /** The receipt's statement; of a stream its last. */
  statement: InferenceStatement
  request: Uint8Array
  response: Uint8Array
  /** The holder secret. */
  secret: Uint8Array
}

export const REQUEST = utf8('{"inputs":[{"name":"age","shape":[1],"datatype":"FP32","data":[35]}]}')
export const RESPONSE = utf8('{"outputs":[{"name":"risk","shape":[1],"datatype":"FP32","data":[0.25]}]}')
export const STREAM_RESPONSE = utf8('data: {"delta":"Hel"}\n\ndata: {"delta":"lo"}\n\ndata: [DONE]\n\n')

export class World {
  readonly log: TestLog
  readonly registry: TestLog
  readonly witnesses: readonly Witness[]
  /** The reader's tlog-policy, as text. */
  readonly policy: string
  readonly trust: Trust
  readonly documents: { node: Uint8Array; charter: Uint8Array; terms: Uint8Array }
  /** The registry's checkpoint, cosigned by all witnesses at `EPOCH`. */
  readonly registryCheckpoint: string
  readonly registryPoint: RegistryPoint
  readonly #seed: string
  #drawn = 0

  constructor(options: WorldOptions = {}) {
    const { seed = 'world', entries = 20, owners = { alpha: 1, beta: 1, gamma: 1 }, threshold = 2 } = options
    const domain = options.domain ?? 'example.com'
    this.#seed = seed
    this.log = new TestLog(`${domain}/log`, `${seed} log`)
    this.log.fill(entries)
    this.registry = new TestLog(`${domain}/registry`, `${seed} registry`)
    this.registry.fill(7)
    this.witnesses = Object.entries(owners).flatMap(([owner, count]) =>
      Array.from({ length: count }, (_, i) => ({
        name: `${owner}-${i}`,
        owner,
        signer: testSigner(
          `${owner}-${i}.${domain}`,
          SIG_COSIGNATURE_ED25519,
          `${seed} ${domain} ${owner} ${i}`,
        ),
      })),
    )
    this.policy = this.#policyText(Object.keys(owners), threshold)
    this.trust = trustFrom([{ name: 'test network', policy: this.policy }], suite)
    this.registryCheckpoint = this.#registryAt(EPOCH)
    const { size } = this.registry
    this.registryPoint = {
      origin: this.registry.origin,
      size,
      root: toHex(this.registry.rootAt(size)),
    }
    this.documents = {
      node: utf8(`{"type":"node","seed":${JSON.stringify(seed)}}`),
      charter: utf8('{"type":"charter","rules":1}'),
      terms: utf8('{"type":"terms","appeal":"none was agreed"}'),
    }
  }

  /** All witnesses, the first at `start` and each other one `step` seconds after the one before it. */
  cosigners(start: number = EPOCH + 20, step = 1): Cosigners {
    return Object.fromEntries(this.witnesses.map(({ name }, i) => [name, start + i * step]))
  }

  /** 32 bytes, others each time. */
  draw(): Uint8Array {
    return suite.sha256(utf8(`${this.#seed} ${this.#drawn++}`))
  }

  /** A call that was answered whole. */
  answer(options: RecordOptions = {}): Made {
    const draft = this.#draft(options)
    this.#write('answer', draft)
    return this.#finish(draft)
  }

  /** A stream of which only the beginning is recorded. */
  begin(options: RecordOptions = {}): Made {
    const draft = this.#draft({ response: STREAM_RESPONSE, ...options })
    this.#write('begin', draft)
    return this.#finish(draft)
  }

  /** A stream with its end, orderly or not. Other entries stand between its two. */
  stream(event: 'end' | 'interrupted' = 'end', options: RecordOptions = {}): Made {
    const draft = this.#draft({ response: STREAM_RESPONSE, ...options })
    this.#write('begin', draft)
    draft.log.fill(2)
    this.#write(event, draft)
    return this.#finish(draft)
  }

  #registryAt(second: number): string {
    return this.registry.checkpoint(this.witnesses, this.cosigners(second, 0))
  }

  #policyText(owners: readonly string[], threshold: number): string {
    const lines = [
      `log ${signerVkey(this.log.signer)}`,
      `log ${signerVkey(this.registry.signer)}`,
      ...this.witnesses.map(({ name, signer }) => `witness ${name} ${signerVkey(signer)}`),
    ]
    for (const owner of owners) {
      const own = this.witnesses.filter(witness => witness.owner === owner)
      lines.push(`group ${owner} any ${own.map(({ name }) => name).join(' ')}`)
    }
    if (threshold > 0) lines.push(`group members ${threshold} ${owners.join(' ')}`)
    return `${[...lines, `quorum ${threshold > 0 ? 'members' : 'none'}`].join('\n')}\n`
  }

  #draft(options: RecordOptions): Draft {
    const secret = this.draw()
    const uuid = toHex(this.draw())
    return {
      ...options,
      request: options.request ?? REQUEST,
      response: options.response ?? RESPONSE,
      log: options.log ?? this.log,
      secret,
      id: `019b7600-0000-7${uuid.slice(0, 3)}-8${uuid.slice(3, 6)}-${uuid.slice(6, 18)}`,
      texts: {},
      written: [],
    }
  }

  /** Appends one statement of a draft to its log. */
  #write(event: InferenceEvent, draft: Draft): void {
    const values = disclosedValues(event, draft, this.draw())
    const digests: Partial<Record<DisclosureName, string>> = {}
    for (const name of EVENT_DISCLOSURES[event]) {
      const text = disclosureText(toBase64Url(this.draw()), name, JSON.stringify(values[name]))
      draft.texts[name] = text
      digests[name] = disclosureDigest(text, suite)
    }
    const begun = draft.written[0]
    const last = event === 'end' || event === 'interrupted'
    const fields: InferenceStatement = {
      id: draft.id,
      event,
      time: (EPOCH + 10) * 1000,
      log: this.log.origin,
      node: suite.sha256Hex(this.documents.node),
      charter: suite.sha256Hex(this.documents.charter),
      terms: suite.sha256Hex(this.documents.terms),
      holder: holderDigest(draft.secret, suite),
      ...(draft.evidence !== undefined && { evidence: draft.evidence }),
      ...(draft.registry !== false && { registry: this.registryPoint }),
      ...(last && begun && { begin: suite.sha256Hex(begun.statement) }),
      disclosures: digests,
      ...draft.fields,
      ...(last && draft.endFields),
    }
    const statement = statementBytes(formatInference(fields, inferenceContext(fields)))
    draft.written.push({ statement, index: draft.log.append(entryOf(statement, suite)) })
  }

  #finish(draft: Draft): Made {
    const { log, request, response, secret } = draft
    log.fill(3)
    const checkpoint = log.checkpoint(this.witnesses, draft.cosigners ?? this.cosigners())
    const proven = draft.written.map(
      ({ statement, index }): ProvenStatement => ({ statement, proof: log.prove(index, checkpoint) }),
    )
    const last = proven.at(-1)!
    const statement = parseInference(last.statement)
    const receipt: Receipt = {
      ...last,
      disclosures: draft.texts,
      content: statement.event === 'begin' ? { request } : { request, response },
      documents: {
        [statement.node]: this.documents.node,
        [statement.charter]: this.documents.charter,
        [statement.terms]: this.documents.terms,
      },
    }
    if (proven.length === 2) receipt.begin = proven[0]!
    if (draft.registry !== false)
      receipt.registryCheckpoint =
        draft.registryTime === undefined ? this.registryCheckpoint : this.#registryAt(draft.registryTime)
    return { receipt, statement, request, response, secret }
  }
}

interface Draft extends RecordOptions {
  request: Uint8Array
  response: Uint8Array
  log: TestLog
  secret: Uint8Array
  id: string
  texts: Partial<Record<DisclosureName, string>>
  written: { statement: Uint8Array; index: number }[]
}
