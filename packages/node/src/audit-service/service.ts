/**
 * Opening records for those who may have them opened. The order is the contract: whose request it is, whether it is
 * fresh, whether its ground holds by the registry; then the record is encrypted to the key in the request, the answer
 * signed, and that it was opened recorded in this operator's own log, durably, before a byte of it goes out.
 */
import { AnswerableError, toBase64 } from '@answerable/core'
import {
  type DisclosureRefusal,
  type DisclosureRequest,
  formatDisclosedRecord,
  formatDisclosureAnswer,
  formatDisclosureRefusal,
  notEntitled,
  openDisclosureRequest,
  REFUSALS,
  type RefusalCode,
  type Signed,
  signerOf,
  thumbprintOf,
} from '@answerable/core/audit'
import { openEntry, type State, type StatementSigner } from '@answerable/core/registry'
import { formatAccess } from '@answerable/core/statement'
import { nodeSuite } from '../log/suite.ts'
import type { RecordStore } from '../record/store.ts'
import { Guard, type GuardLimits } from './guard.ts'
import { encryptTo } from './jwe.ts'
import { openRecord } from './opener.ts'

type Store = Pick<RecordStore, 'storage' | 'log' | 'index'>

export interface DisclosureServiceOptions {
  /** This operator. */
  member: string
  signer(): StatementSigner
  /** The registry as it stands here, and how many entries of it there are. */
  registry(): { state: State; size: number }
  /** Where that a record was opened is recorded. */
  current: Store
  /** Other logs of this operator's whose records are kept, current one aside. */
  older?: readonly Store[]
  /** Of the current log: never goes backwards. Unix milliseconds. */
  now(): number
  clock?: () => number
  limits?: Partial<GuardLimits>
  /** Faults of ours, for the operator. */
  report?: (error: unknown) => void
}

/** What goes over the wire: envelopes as text, the record as a JWE, and the log's own word that it was recorded. */
export interface Served {
  answer: string
  ciphertext: string
  access: Proven | null
}

/** A statement of the log with its tlog-proof. */
export interface Proven {
  /** base64. */
  statement: string
  proof: string
}

/** Of a record whose content was erased: its own statement, the other one of a stream, and the erasure's. */
export interface Shown {
  record: Proven
  other: Proven | null
  erasure: Proven
}

/** A refusal that the operator signed. */
export class Refused extends AnswerableError {
  readonly refusal: string
  readonly shown: Shown | undefined

  constructor(code: RefusalCode, message: string, refusal: string, shown?: Shown) {
    super(code, message)
    this.refusal = refusal
    this.shown = shown
  }
}

interface Asked {
  signed: Signed<DisclosureRequest>
  store: Store
}

const WORDS: Record<RefusalCode, string> = {
  'not-entitled': 'the ground does not hold by the registry as it stands here',
  'not-found': 'the log has no such entry',
  erased: 'the content was erased, and the log says so',
  corrupt: 'what is stored of it does not open any more',
}

export class DisclosureService {
  readonly #options: DisclosureServiceOptions
  readonly #guard: Guard

  constructor(options: DisclosureServiceOptions) {
    this.#options = options
    this.#guard = new Guard(options.limits)
  }

  /**
   * Answers a request's envelope. Rejects with `Refused` where it is a member's and is not served, unsigned with
   * `unauthorized`, `out-of-time`, `replayed`, `too-many-requests` and `not-writable`, and as reading it does.
   */
  async serve(envelope: Uint8Array): Promise<Served> {
    const signed = openDisclosureRequest(envelope, nodeSuite)
    const { said, digest } = signed
    const { state } = this.#options.registry()
    if (signerOf(signed, state, nodeSuite)?.status !== 'active')
      throw new AnswerableError('unauthorized', 'not signed by a live member key of an active member')
    const now = (this.#options.clock ?? Date.now)()
    this.#guard.admit(said.by, digest, said.time, now)
    const why = notEntitled(said, state, nodeSuite)
    if (why !== undefined) throw this.#refused(signed, 'not-entitled', why)
    const store = [this.#options.current, ...(this.#options.older ?? [])].find(
      ({ log }) => log.origin === said.log,
    )
    if (store === undefined) throw this.#refused(signed, 'not-found')
    return this.#guard.run(said.by, now, async () => {
      try {
        return await this.#open({ signed, store })
      } catch (error) {
        if (!(error instanceof AnswerableError) || error instanceof Refused) throw error
        const code = REFUSALS.find(one => one === error.code)
        if (code === 'corrupt') this.#options.report?.(error)
        throw code === undefined ? error : this.#refused(signed, code)
      }
    })
  }

  async #open({ signed, store }: Asked): Promise<Served> {
    const { member, signer } = this.#options
    const { said } = signed
    const found = await openRecord(store, said.index)
    if (found.outcome === 'erased') {
      const { parts, erasure } = found
      const other = parts.find(({ index }) => index !== said.index)
      throw this.#refused(signed, 'erased', undefined, {
        record: await proven(store, parts.find(({ index }) => index === said.index)!),
        other: other === undefined ? null : await proven(store, other),
        erasure: await proven(store, erasure),
      })
    }
    const { record, statement, holdsContent } = found
    const ciphertext = await encryptTo(said.recipient, formatDisclosedRecord(record))
    const answer = formatDisclosureAnswer(
      {
        network: said.network,
        by: member,
        time: this.#options.now(),
        log: said.log,
        index: said.index,
        request: signed.digest,
        statement: nodeSuite.sha256Hex(statement),
        recipient: thumbprintOf(said.recipient, nodeSuite),
        ciphertext: { sha256: nodeSuite.sha256Hex(Buffer.from(ciphertext)), length: ciphertext.length },
      },
      signer(),
    )
    // An entry without content, an erasure say, is no secret; and if each look at one were an entry again, samples that
    // take every record would never end.
    const others = record.parts.filter(({ index }) => index !== said.index)
    const access = holdsContent ? await this.#record(signed, answer, others[0]?.index ?? null) : null
    return { answer: text(answer), ciphertext, access }
  }

  /** Resolves when it is durable. */
  async #record(
    { said, digest }: Signed<DisclosureRequest>,
    answer: Uint8Array,
    other: number | null,
  ): Promise<Proven> {
    const { log, index: table } = this.#options.current
    const { log: of, index, by, ground } = said
    const statement = Buffer.from(
      formatAccess({
        time: this.#options.now(),
        log: of,
        index,
        other,
        by,
        reason: ground.reason,
        ground: ground.reason === 'sample' ? ground.epoch : ground.digest,
        request: digest,
        answer: nodeSuite.sha256Hex(openEntry(answer).payload),
      }),
    )
    const entry = nodeSuite.sha256(statement)
    const { index: at } = await log.append({ statement, entry, content: new Uint8Array(0) })
    table.accesses.add({ index: at, log: of, record: index, other })
    return proven(this.#options.current, { index: at, statement })
  }

  #refused(
    { said, digest }: Signed<DisclosureRequest>,
    code: RefusalCode,
    why?: string,
    shown?: Shown,
  ): Refused {
    const { member, signer, registry, now } = this.#options
    const refusal: DisclosureRefusal = {
      network: said.network,
      by: member,
      time: now(),
      log: said.log,
      index: said.index,
      request: digest,
      code,
      why: why ?? null,
      registry: registry().size,
    }
    const message = why === undefined ? WORDS[code] : `${WORDS[code]}: ${why}`
    return new Refused(code, message, text(formatDisclosureRefusal(refusal, signer())), shown)
  }
}

/** Under the published checkpoint where that holds it: a log that is kept for reading alone signs no other. */
async function proven(
  { log }: Pick<Store, 'log'>,
  { index, statement }: { index: number; statement: Uint8Array },
): Promise<Proven> {
  const { published } = log
  const checkpoint = index < published.size ? published : log.signed
  return { statement: toBase64(statement), proof: await log.prove(index, checkpoint) }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
