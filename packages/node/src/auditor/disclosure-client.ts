/**
 * Asking an operator for one record, and believing nothing of what comes: whose answer it is the registry's keys say,
 * what was recorded the log's own entries do. Every way in which it can end is an outcome with its evidence, of which a
 * challenge, or a case against whoever signed two stories, can be made.
 */
import { AnswerableError, equal, toHex } from '@answerable/core'
import {
  type DisclosedRecord,
  type DisclosureAnswer,
  type DisclosureRefusal,
  formatDisclosureRequest,
  MAX_DISCLOSED_BYTES,
  type OpenedRecord,
  openDisclosedRecord,
  openDisclosureAnswer,
  openDisclosureRefusal,
  openDisclosureRequest,
  parseDisclosedRecord,
  type Signed,
  signerOf,
  thumbprintOf,
} from '@answerable/core/audit'
import type { State, StatementSigner } from '@answerable/core/registry'
import { parseAccess, parseInference, parseLifecycle } from '@answerable/core/statement'
import { decryptWith, newRecipient, type Recipient } from '../audit-service/jwe.ts'
import { nodeSuite } from '../log/suite.ts'
import { Deadline, exchange, type Fetch } from '../witness/exchange.ts'
import type {
  AccessShown,
  Asked,
  Disclosure,
  DisclosureEvidence,
  Silence,
  WrongOpening,
} from './disclosure-outcome.ts'
import {
  type AnswerWire,
  parseAnswer,
  parseRefusal,
  type RefusalWire,
  type ShownText,
} from './disclosure-wire.ts'
import { anchorsOf, LogError, OperatorLog, type ProvenEntry, provenIn } from './operator-log.ts'

export interface DisclosureClientOptions {
  /** The registry as it stands here. */
  state(): State
  /** Who asks. */
  member: string
  signer(): StatementSigner
  send?: Fetch
  clock?: () => number
  /** For reading the log, and for the record itself. */
  logTimeoutMs?: number
  timeoutMs?: number
  /** Of the answer, in bytes. */
  mostBytes?: number
}

const LOG_TIMEOUT_MS = 10_000
const TIMEOUT_MS = 60_000
/** base64url of the largest record, and room for what goes along. */
const MOST_BYTES = Math.ceil(MAX_DISCLOSED_BYTES / 3) * 4 + (1 << 20)

export class DisclosureClient {
  readonly #options: DisclosureClientOptions
  readonly #send: Fetch

  constructor(options: DisclosureClientOptions) {
    this.#options = options
    this.#send = options.send ?? (request => fetch(request))
  }

  /** Asks once. Rejects for faults of ours alone, and with `not-found` for a log that the registry does not have. */
  async ask(asked: Asked, signal?: AbortSignal): Promise<Disclosure> {
    const { state, clock = Date.now } = this.#options
    const log = state().logs.get(asked.log)
    const node = log && state().nodes.get(log.node)
    if (log === undefined || node === undefined)
      throw new AnswerableError('not-found', `the registry has no log ${asked.log.slice(0, 255)}`)
    const evidence: DisclosureEvidence = { ...asked, operator: log.member, time: clock() }
    const attempt: Attempt = { asked, url: node.url, vkey: log.vkey, evidence, signal }
    let proven: ProvenEntry
    try {
      proven = await this.#prove(attempt, asked.index)
    } catch (error) {
      return silentLog(error, evidence)
    }
    evidence.entry = toHex(proven.entry)
    evidence.proof = proven.proof
    return this.#disclose(attempt, proven)
  }

  async #prove({ asked, url, vkey, signal }: Attempt, index: number): Promise<ProvenEntry> {
    const { state, logTimeoutMs = LOG_TIMEOUT_MS } = this.#options
    const { ground } = asked
    const epoch = ground.reason === 'sample' ? ground.epoch : undefined
    const deadline = new Deadline(logTimeoutMs, signal)
    try {
      const anchors = anchorsOf(state(), asked.log, epoch)
      const log = await OperatorLog.open({ url, vkey }, anchors, { send: this.#send, deadline })
      return await log.entry(index)
    } finally {
      deadline.clear()
    }
  }

  async #disclose(attempt: Attempt, proven: ProvenEntry): Promise<Disclosure> {
    const { asked, url, evidence, signal } = attempt
    const { state, member, signer, clock = Date.now, timeoutMs = TIMEOUT_MS } = this.#options
    const { mostBytes = MOST_BYTES } = this.#options
    const recipient = await newRecipient()
    const { network } = state()
    const request = formatDisclosureRequest(
      { network, by: member, time: clock(), ...asked, recipient: recipient.publicKey },
      signer(),
    )
    evidence.request = request
    const deadline = new Deadline(timeoutMs, signal)
    const init = { method: 'POST', body: Buffer.from(request).toString() } as const
    const target = `${url.replace(/\/+$/, '')}/audit/disclosure`
    const answer = await exchange(this.#send, target, init, mostBytes, deadline).finally(() =>
      deadline.clear(),
    )
    if ('fault' in answer) {
      const { fault, message } = answer
      if (fault === 'timeout' || fault === 'aborted')
        return { outcome: 'silent', fault: 'timeout', detail: message, evidence }
      if (fault === 'too-large') return { outcome: 'silent', fault, detail: message, evidence }
      return { outcome: 'silent', fault: 'unreachable', detail: message, evidence }
    }
    const said: Said = { request: openDisclosureRequest(request, nodeSuite).digest, recipient, proven }
    return answer.status === 200
      ? this.#answered(attempt, said, answer.body)
      : this.#refused(attempt, said, answer.status, answer.body)
  }

  async #answered(attempt: Attempt, said: Said, body: Uint8Array): Promise<Disclosure> {
    const { evidence, asked } = attempt
    const silent = (fault: Silence, detail: string): Disclosure => ({
      outcome: 'silent',
      fault,
      detail,
      evidence,
    })
    const wrong = (problem: WrongOpening, detail: string): Disclosure => {
      // What was sent shows what it is only together with the key.
      evidence.recipient = said.recipient.privateKey
      evidence.ciphertext = wire.ciphertext
      return { outcome: 'wrong-opening', problem, detail, evidence }
    }
    let wire: AnswerWire
    let answer: Signed<DisclosureAnswer>
    try {
      wire = parseAnswer(body, this.#options.mostBytes ?? MOST_BYTES)
      answer = openDisclosureAnswer(wire.answer, nodeSuite)
    } catch (error) {
      return silent('no-answer', (error as Error).message)
    }
    if (!this.#isOperators(answer, attempt)) return silent('not-its-answer', 'not signed by the operator')
    if (answer.said.request !== said.request) return silent('not-its-answer', 'an answer to another request')
    evidence.answer = wire.answer
    const { ciphertext, statement, recipient } = answer.said
    const bytes = Buffer.from(wire.ciphertext)
    if (ciphertext.sha256 !== nodeSuite.sha256Hex(bytes) || ciphertext.length !== bytes.length)
      return silent('other-ciphertext', 'what came is not what the operator signed for')
    const isSame =
      answer.said.log === asked.log &&
      answer.said.index === asked.index &&
      recipient === thumbprintOf(said.recipient.publicKey, nodeSuite) &&
      statement === toHex(said.proven.entry)
    if (!isSame) return wrong('other-record', 'the answer is about another record than its log holds there')
    let plain: Uint8Array
    let record: DisclosedRecord
    try {
      plain = await decryptWith(said.recipient.privateKey, wire.ciphertext)
    } catch (error) {
      return wrong('does-not-decrypt', (error as Error).message)
    }
    try {
      record = parseDisclosedRecord(plain)
    } catch (error) {
      return wrong('malformed', (error as Error).message)
    }
    const entries = new Map([[asked.index, said.proven.entry]])
    for (const { index } of record.parts) {
      if (entries.has(index)) continue
      try {
        entries.set(index, (await this.#prove(attempt, index)).entry)
      } catch (error) {
        return silentLog(error, evidence)
      }
    }
    const opened = openDisclosedRecord(record, asked, entries, nodeSuite)
    if ('problem' in opened) return wrong(opened.problem, 'it does not open what was recorded')
    const access = this.#accessShown(attempt, wire, answer, opened)
    return { outcome: 'opened', opened, answer: answer.said, access, evidence }
  }

  #refused(attempt: Attempt, said: Said, status: number, body: Uint8Array): Disclosure {
    const { evidence } = attempt
    let wire: RefusalWire
    try {
      wire = parseRefusal(body)
    } catch {
      const detail = `answered with status ${status}`
      return { outcome: 'silent', fault: 'no-answer', detail, evidence }
    }
    const { code, message } = wire
    const unsigned: Disclosure = { outcome: 'refused', code, message, evidence }
    if (wire.refusal === undefined) return unsigned
    let refusal: Signed<DisclosureRefusal>
    try {
      refusal = openDisclosureRefusal(wire.refusal, nodeSuite)
    } catch {
      return unsigned
    }
    const { log, index, request } = refusal.said
    const isIts =
      this.#isOperators(refusal, attempt) &&
      request === said.request &&
      log === attempt.asked.log &&
      index === attempt.asked.index
    if (!isIts) return unsigned
    evidence.refusal = wire.refusal
    const signed = { ...unsigned, code: refusal.said.code, refusal: refusal.said }
    const erasure =
      refusal.said.code === 'erased' && wire.shown ? erasureIn(attempt, said, wire.shown) : undefined
    return erasure === undefined ? signed : { ...signed, erasure }
  }

  /** Whether a live member key of the log's operator signed it. A suspended one may still answer for itself. */
  #isOperators(signed: Signed, { evidence }: Attempt): boolean {
    return signerOf(signed, this.#options.state(), nodeSuite)?.id === evidence.operator
  }

  /** Whether the operator's newest log holds the statement that this record was opened, for whom and why. */
  #accessShown(
    { asked }: Attempt,
    { access }: AnswerWire,
    answer: Signed<DisclosureAnswer>,
    { statements }: OpenedRecord,
  ): AccessShown {
    if (statements.length === 0) return 'none'
    if (access === null) return 'not-shown'
    const { state, member } = this.#options
    try {
      const said = parseAccess(access.statement)
      const own = [...state().logs.values()].filter(({ member: one }) => one === answer.said.by)
      const isRight =
        said.log === asked.log &&
        said.index === asked.index &&
        said.by === member &&
        said.reason === asked.ground.reason &&
        said.request === answer.said.request &&
        said.answer === answer.digest &&
        own.some(({ vkey }) => provenIn(vkey, access.statement, access.proof) !== undefined)
      return isRight ? 'shown' : 'not-shown'
    } catch (error) {
      if (error instanceof AnswerableError) return 'not-shown'
      throw error
    }
  }
}

interface Attempt {
  asked: Asked
  url: string
  vkey: string
  evidence: DisclosureEvidence
  signal: AbortSignal | undefined
}

interface Said {
  /** Digest of the request. */
  request: string
  recipient: Recipient
  proven: ProvenEntry
}

/** The erasure that the log says there was, of this record or of the other statement of its stream. */
function erasureIn(
  { asked, vkey }: Attempt,
  { proven }: Said,
  { record, other, erasure }: ShownText,
): { index: number; time: number } | undefined {
  try {
    if (!equal(nodeSuite.sha256(record.statement), proven.entry)) return undefined
    const indexes = [asked.index]
    if (other !== null) {
      const at = provenIn(vkey, other.statement, other.proof)
      if (at !== undefined && parseInference(other.statement).id === parseInference(record.statement).id)
        indexes.push(at)
    }
    const { action, log, first, end, time } = parseLifecycle(erasure.statement)
    const index = provenIn(vkey, erasure.statement, erasure.proof)
    const isIts = action === 'erase' && log === asked.log && indexes.some(at => at >= first && at < end)
    return isIts && index !== undefined ? { index, time } : undefined
  } catch (error) {
    if (error instanceof AnswerableError) return undefined
    throw error
  }
}

function silentLog(error: unknown, evidence: DisclosureEvidence): Disclosure {
  if (!(error instanceof LogError)) throw error
  const { fault, message, note } = error
  if (note !== undefined) evidence.checkpoint = note
  return { outcome: 'silent', fault: `log-${fault}`, detail: message, evidence }
}
