/**
 * An endpoint on loopback without keys is for programs on this machine. A web page can send requests there too, or have
 * its own name point there; it then carries that name as Host or Origin.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { AnswerableError } from '@answerable/core'
import { isLoopback } from './config.ts'

/** Throws `forbidden` for a Host or Origin that is neither a loopback name nor one of `own`. */
export function refuseStrangers({ host, origin }: IncomingHttpHeaders, own: readonly string[] = []): void {
  for (const text of [`http://${host ?? ''}`, origin]) {
    if (text === undefined) continue
    const name = URL.canParse(text) ? new URL(text).hostname.replace(/^\[|\]$/g, '') : ''
    if (!isLoopback(name) && !own.includes(name))
      throw new AnswerableError(
        'forbidden',
        'this endpoint is for programs on this machine, by a loopback name',
      )
  }
}

/** What was let in lately: nearly every call names the same host, and reading an address costs as much as two hashes. */
const MOST_KNOWN = 256

export class StrangerCheck {
  readonly #own: readonly string[]
  readonly #known = new Set<string>()

  constructor(own: readonly string[]) {
    this.#own = own
  }

  /** Throws `forbidden`, as `refuseStrangers` does. */
  refuse(headers: IncomingHttpHeaders): void {
    const { host = '', origin } = headers
    if (origin === undefined && this.#known.has(host)) return
    refuseStrangers(headers, this.#own)
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.add(host)
  }
}
