/** Asking a side of a dispute for what it has to show. Whatever comes is held against what that side committed to. */
import { AnswerableError, parseJson } from '@answerable/core'
import { formatDisclosureRequest } from '@answerable/core/audit'
import type { Dispute, State, StatementSigner } from '@answerable/core/registry'
import { decryptWith, newRecipient } from '../audit-service/jwe.ts'
import { Deadline, exchange, type Fetch } from '../witness/exchange.ts'
import { MAX_SHOWN_BYTES, parseShown, type Shown } from './evidence.ts'

export interface EvidenceClientOptions {
  state(): State
  /** Who asks. */
  member: string
  signer(): StatementSigner
  send?: Fetch
  clock?: () => number
  timeoutMs?: number
  /** Of the answer, in bytes. */
  mostBytes?: number
}

const TIMEOUT_MS = 60_000
/** base64url, and room for the rest. */
const MOST_BYTES = Math.ceil(MAX_SHOWN_BYTES / 3) * 4 + 4096

export class EvidenceClient {
  readonly #options: EvidenceClientOptions

  constructor(options: EvidenceClientOptions) {
    this.#options = options
  }

  /** Throws `unavailable` where nothing that can be read comes in time. */
  async ask({ log, index, digest }: Dispute, url: string, signal?: AbortSignal): Promise<Shown> {
    const { state, member, signer, send, clock = Date.now } = this.#options
    const { timeoutMs = TIMEOUT_MS, mostBytes = MOST_BYTES } = this.#options
    const recipient = await newRecipient()
    const request = formatDisclosureRequest(
      {
        network: state().network,
        by: member,
        time: clock(),
        log,
        index,
        ground: { reason: 'dispute', digest },
        recipient: recipient.publicKey,
      },
      signer(),
    )
    const deadline = new Deadline(timeoutMs, signal)
    const init = { method: 'POST', body: Buffer.from(request).toString() } as const
    const target = `${url.replace(/\/+$/, '')}/dispute/evidence`
    const answer = await exchange(send ?? (one => fetch(one)), target, init, mostBytes, deadline).finally(
      () => deadline.clear(),
    )
    if ('fault' in answer) throw new AnswerableError('unavailable', `${url}: ${answer.message}`)
    if (answer.status !== 200) throw new AnswerableError('unavailable', `${url}: answered ${answer.status}`)
    try {
      const body = parseJson(answer.body, { maxBytes: mostBytes, maxDepth: 2, maxKeys: 4 })
      const { ciphertext } = body as { ciphertext?: unknown }
      if (typeof ciphertext !== 'string') throw new AnswerableError('bad-format', 'no ciphertext')
      return parseShown(await decryptWith(recipient.privateKey, ciphertext))
    } catch (cause) {
      if (!(cause instanceof AnswerableError)) throw cause
      throw new AnswerableError('unavailable', `${url}: ${cause.message}`, { cause })
    }
  }
}
