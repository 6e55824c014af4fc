/** Who calls: API keys, and how often each may. Keys are kept as digests, so that no file of ours holds one. */
import { hash, timingSafeEqual } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import type { KeyConfig } from './config.ts'

export interface Caller {
  /** For telling callers apart, never shown: the digest of their key, or nothing for an open gateway. */
  id: string
  deployer: string
  declaredUse?: string
}

interface Window {
  minute: number
  count: number
}

export class Callers {
  readonly #keys: readonly KeyConfig[]
  readonly #anyone: Caller
  readonly #windows = new Map<string, Window>()

  constructor(keys: readonly KeyConfig[], operator: string) {
    this.#keys = keys
    this.#anyone = { id: '', deployer: operator }
  }

  /** Whether callers need a key. */
  get closed(): boolean {
    return this.#keys.length > 0
  }

  /** The caller of an Authorization header. Throws `unauthorized` and `too-many-requests`. */
  admit(authorization: string | undefined, now: number): Caller {
    if (!this.closed) return this.#anyone
    const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')
    if (match === null)
      throw new AnswerableError('unauthorized', 'this gateway needs a key: Authorization: Bearer <key>')
    const digest = hash('sha256', match[1]!, 'buffer')
    // Every key is compared, each in constant time, so that the time tells neither which matched nor how nearly.
    let found: KeyConfig | undefined
    for (const key of this.#keys) if (timingSafeEqual(Buffer.from(key.sha256, 'hex'), digest)) found = key
    if (found === undefined) throw new AnswerableError('unauthorized', 'this key is not known here')
    this.#countCall(found, now)
    return {
      id: found.sha256,
      deployer: found.deployer,
      ...(found.declaredUse !== undefined && { declaredUse: found.declaredUse }),
    }
  }

  #countCall({ sha256, requestsPerMinute }: KeyConfig, now: number): void {
    if (requestsPerMinute === undefined) return
    const minute = Math.floor(now / 60_000)
    const window = this.#windows.get(sha256)
    if (window?.minute !== minute) this.#windows.set(sha256, { minute, count: 1 })
    else if (++window.count > requestsPerMinute)
      throw new AnswerableError('too-many-requests', `this key may make ${requestsPerMinute} calls a minute`)
  }
}
