/**
 * A drawn validator's look at an availability challenge: does the operator give out the record's public part, and is it
 * the one that the log holds? It says yes as soon as it opens; no only late, for an operator may be slow, and silence
 * counts as no anyway.
 */
import { AnswerableError } from '@answerable/core'
import { parseReceipt } from '@answerable/core/receipt'
import { type Challenge, openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'

export interface PanelOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  client(url: string): RegistryClient
}

/** The last part of the time for an answer, in which a validator that found nothing says so. */
const LATE = 4

export class Panel {
  readonly #options: PanelOptions

  constructor(options: PanelOptions) {
    this.#options = options
  }

  /** Votes on what this member was drawn for. */
  async vote(): Promise<void> {
    const { book, keyring } = this.#options
    for (const challenge of book.state.challenges.values()) {
      if (challenge.type !== 'availability' || challenge.status !== 'open') continue
      if (!challenge.panel.includes(keyring.member)) continue
      const before = challenge.votes.find(({ member }) => member === keyring.member)
      if (before?.opens) continue
      const opens = await this.#opens(challenge)
      const { clock, terms } = book.state
      const late = clock > challenge.due - (terms.challengeSeconds * 1000) / LATE
      if (opens || (late && before === undefined)) await this.#say(challenge, opens)
    }
  }

  async #opens({ digest, log }: Challenge): Promise<boolean> {
    const { book, client } = this.#options
    const node = book.state.nodes.get(book.state.logs.get(log)!.node)
    const found = book.find(digest)
    if (node === undefined || found === undefined) return false
    const [entry] = await book.entries(found.index, 1)
    const { body } = parseRegistryPayload(openEntry(entry!).payload)
    if (typeof body.id !== 'string' || !/^[0-9a-f-]{36}$/.test(body.id)) return false
    try {
      const { statement } = parseReceipt(await client(node.url).bytes(`/receipts/${body.id}`))
      return nodeSuite.sha256Hex(statement) === body.entry
    } catch (error) {
      // Not there, or not a receipt: the operator's answer is no answer.
      if (error instanceof AnswerableError) return false
      throw error
    }
  }

  async #say({ digest }: Challenge, opens: boolean): Promise<void> {
    const { submitter, keyring } = this.#options
    await submitter.state('challenge-vote', { challenge: digest, opens }, [keyring.statements('validator')])
  }
}
