/**
 * A drawn validator's look at an availability challenge: it has the record opened for itself, as any auditor would, and
 * sees whether it is what the log holds. It says yes as soon as it opens; no only late, for an operator may be slow, and
 * silence counts as no anyway. What a look came to is known here alone: in the registry stands a yes or a no.
 */
import type { Challenge, State } from '@answerable/core/registry'
import type { DisclosureClient } from '../auditor/disclosure-client.ts'
import type { Disclosure } from '../auditor/disclosure-outcome.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'

export interface PanelOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  disclosures: Pick<DisclosureClient, 'ask'>
  clock?: () => number
  report?: (event: string, error?: unknown) => void
}

/**
 * The last part of the time for an answer, in which a validator that found nothing says so: a half, so that nobody misses it
 * for being busy. Who finds the record after all takes it back.
 */
const LATE = 2
/** Looks in the time for an answer, while it does not open. */
const LOOKS = 32
/** And no longer than this between two, in milliseconds. */
const LOOK_AGAIN = 60_000
/** Looks at a time: operators that answer slowly must not keep each other's challenges waiting. */
const MOST_LOOKING = 4

interface Look {
  /** Undefined until one has come to an end: then nothing is said. */
  opens: boolean | undefined
  at: number
  going: Promise<void> | undefined
  /** What was said last: the copy here may not have it yet. */
  said: boolean | undefined
}

export class Panel {
  readonly #options: PanelOptions
  readonly #looks = new Map<string, Look>()
  readonly #stop = new AbortController()

  constructor(options: PanelOptions) {
    this.#options = options
  }

  /** Votes on what this member was drawn for, as far as its looks have come; they go on meanwhile. */
  async vote(): Promise<void> {
    const { book, keyring } = this.#options
    const open = new Set(book.state.openOf('challenge'))
    for (const digest of this.#looks.keys()) if (!open.has(digest)) this.#looks.delete(digest)
    for (const digest of open) {
      const challenge = book.state.challenges.get(digest)!
      if (challenge.type !== 'availability' || !challenge.panel.includes(keyring.member)) continue
      const before = challenge.votes.find(({ member }) => member === keyring.member)
      if (before?.opens) continue
      const opens = this.#look(challenge)
      const { clock, terms } = book.state
      const late = clock > challenge.due - (terms.challengeSeconds * 1000) / LATE
      if (opens || (opens === false && late && before === undefined)) await this.#say(challenge, opens)
    }
  }

  /** Ends the looks that are under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all([...this.#looks.values()].map(({ going }) => going))
  }

  /** What the last look came to; begins another where it is time. */
  #look(challenge: Challenge): boolean | undefined {
    const { book, clock = Date.now } = this.#options
    const { digest } = challenge
    const look = this.#looks.get(digest) ?? { opens: undefined, at: 0, going: undefined, said: undefined }
    this.#looks.set(digest, look)
    const again = Math.min(LOOK_AGAIN, (book.state.terms.challengeSeconds * 1000) / LOOKS)
    const busy = [...this.#looks.values()].filter(({ going }) => going !== undefined).length
    const isDue = look.going === undefined && !look.opens && clock() - look.at >= again
    if (!isDue || busy >= MOST_LOOKING || this.#stop.signal.aborted) return look.opens
    look.at = clock()
    look.going = this.#opens(challenge)
      .then(opens => {
        look.opens = opens
      })
      .catch(error => {
        // What went wrong here is nobody's silence.
        if (!this.#stop.signal.aborted) this.#options.report?.('a challenge could not be looked at', error)
      })
      .finally(() => {
        look.going = undefined
      })
    return look.opens
  }

  async #opens(challenge: Challenge): Promise<boolean | undefined> {
    const { book, disclosures } = this.#options
    const { digest, log, index } = challenge
    const ground = { reason: 'challenge', digest } as const
    const found = await disclosures.ask({ log, index, ground }, this.#stop.signal)
    if (this.#stop.signal.aborted) return undefined
    return isToBeHad(found, challenge, book.state)
  }

  async #say({ digest }: Challenge, opens: boolean): Promise<void> {
    const { submitter, keyring } = this.#options
    const look = this.#looks.get(digest)!
    if (look.said === opens) return
    await submitter.state('challenge-vote', { challenge: digest, opens }, [keyring.statements('validator')])
    look.said = opens
  }
}

/** Whether a record is to be had: it opens, or its content was erased on record before anybody challenged it. */
export function isToBeHad(found: Disclosure, challenge: Challenge, state: State): boolean {
  if (found.outcome === 'opened') return true
  if (found.outcome !== 'refused' || found.erasure === undefined) return false
  return found.erasure.index < sizeBefore(challenge, state)
}

/** How far the log had come, for sure, when the challenge was brought. */
function sizeBefore({ log, size, epoch }: Challenge, state: State): number {
  const anchor = state.logs.get(log)?.anchor
  let most = anchor != null && anchor.epoch <= epoch ? Math.max(size, anchor.size) : size
  for (const drawn of state.epochs.values()) {
    if (drawn.epoch > epoch) continue
    for (const part of drawn.drawnFrom ?? []) if (part.log === log) most = Math.max(most, part.to)
  }
  return most
}
