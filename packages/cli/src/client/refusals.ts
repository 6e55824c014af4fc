/** Answers that were refused: remembered for a while, so that a retrying client does not have them asked again. */
import { AnswerableError, type Suite } from '@answerable/core'

const REMEMBER_MS = 60_000
const MOST = 256

/**
 * The OpenAI SDK sends a call again when its fetch rejects, and a model would be run and paid for again each time. A
 * refusal is final, so a retry that names itself as one gets the first refusal's error.
 */
export class Refusals {
  readonly #suite: Suite
  readonly #known = new Map<string, { until: number; error: unknown }>()

  constructor(suite: Suite) {
    this.#suite = suite
  }

  /** Throws the error of a refusal that this request is a retry of. */
  check(url: URL, headers: Headers, request: Uint8Array): void {
    if (!(Number(headers.get('x-stainless-retry-count')) > 0)) return
    const before = this.#known.get(this.#name(url, request))
    if (before !== undefined && before.until > Date.now()) throw before.error
  }

  remember(url: URL, request: Uint8Array, error: unknown): void {
    const name = this.#name(url, request)
    this.#known.delete(name)
    this.#known.set(name, { error, until: Date.now() + REMEMBER_MS })
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value!)
  }

  #name(url: URL, request: Uint8Array): string {
    return `${this.#suite.sha256Hex(request)} ${url.href}`
  }
}

/**
 * The refusal inside an error that a client library wrapped around it, or undefined where there is none.
 *
 * ```ts
 * import { refusalOf } from 'answerable/client'
 *
 * try {
 *   await openai.chat.completions.create(request)
 * } catch (error) {
 *   if (refusalOf(error)?.code === 'no-receipt') console.error('the gateway answered off the record')
 *   throw error
 * }
 * ```
 */
export function refusalOf(error: unknown): AnswerableError | undefined {
  let at = error
  for (let depth = 0; at instanceof Error && depth < 8; depth++) {
    if (at instanceof AnswerableError) return at
    at = at.cause
  }
  return undefined
}
