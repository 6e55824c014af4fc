/**
 * An OpenAI-compatible endpoint as one side of a comparison. Nothing of it is trusted: its answers are bounded in time
 * and bytes, strictly UTF-8 and JSON, and of the types that they should be; anything else is a call that failed.
 */
import { AnswerableError, type ErrorCode, parseJson } from '@answerable/core'
import { type ComparedSide, MOST_TEXT } from '@answerable/core/compare'
import { ComeBackLater, retried, retryAfter } from './retry.ts'
import type { ComparisonParameters, Source } from './source.ts'

export interface EndpointOptions {
  /** The base of the API; a path without a version gets `/v1`. */
  url: string
  model: string
  /** The node's name in a registry, where it was found by that. */
  node?: string
  apiKey?: string
  parameters: ComparisonParameters
  /** Of one call, with all of its answer. */
  timeoutMs?: number
  /** Milliseconds before each further try. */
  pauses?: readonly number[]
  /** Whether calls name their seed; some endpoints refuse that. */
  seeds?: boolean
}

const TIMEOUT_MS = 60_000
const PAUSES = [500, 2000, 8000, 20_000]
const MOST_BYTES = 512 * 1024

export class EndpointSource implements Source {
  readonly side: ComparedSide
  readonly #url: string
  readonly #options: EndpointOptions

  /** Throws `bad-config` for a URL that is none. */
  constructor(options: EndpointOptions) {
    const base = baseOf(options.url)
    this.#options = options
    this.#url = `${base}/${options.parameters.api === 'chat' ? 'chat/completions' : 'completions'}`
    const { node, model } = options
    this.side =
      node === undefined ? { kind: 'endpoint', url: base, model } : { kind: 'node', node, url: base, model }
  }

  complete(prompt: string, seed: number, signal: AbortSignal): Promise<string> {
    const { pauses = PAUSES } = this.#options
    return retried(() => this.#ask(prompt, seed, signal), { pauses, signal })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #ask(prompt: string, seed: number, signal: AbortSignal): Promise<string> {
    const { apiKey, timeoutMs = TIMEOUT_MS } = this.#options
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        body: this.#body(prompt, seed),
        // Another origin would get the prompts, and answer for somebody else.
        redirect: 'manual',
        signal: AbortSignal.any([timeout, signal]),
      })
      const bytes = await bounded(response, response.ok ? MOST_BYTES : 65_536)
      if (response.status !== 200) throw refusal(response, bytes)
      return textOf(bytes, this.#options.parameters.api)
    } catch (cause) {
      if (cause instanceof AnswerableError) throw cause
      if (timeout.aborted)
        throw new AnswerableError('upstream-timeout', `no answer within ${timeoutMs / 1000} s`, { cause })
      throw new AnswerableError('upstream-unreachable', `cannot be reached (${reasonOf(cause)})`, { cause })
    }
  }

  #body(prompt: string, seed: number): string {
    const { model, parameters, seeds = true } = this.#options
    return JSON.stringify({
      model,
      ...(parameters.api === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt }),
      temperature: parameters.temperature,
      top_p: parameters.topP,
      max_tokens: parameters.maxTokens,
      ...(seeds && { seed }),
    })
  }
}

/** Without a slash at its end, and with a version. Throws `bad-config`. */
function baseOf(text: string): string {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new AnswerableError('bad-config', 'expected an http or https URL without a user')
  const path = url.pathname.replace(/\/+$/, '')
  return `${url.origin}${/(^|\/)v\d[a-z0-9]*(\/|$)/.test(path) ? path : `${path}/v1`}`
}

async function bounded(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    // Leaving the loop cancels the rest.
    if (length > most) throw new AnswerableError('too-large', `answers with over ${most} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const CODES: Record<number, ErrorCode> = { 401: 'unauthorized', 403: 'forbidden', 404: 'not-found' }

function refusal(response: Response, bytes: Uint8Array): AnswerableError {
  const { status, headers } = response
  const said = messageOf(bytes)
  const message = `status ${status}${said === undefined ? '' : `: ${said}`}`
  const after = retryAfter(headers.get('retry-after'), Date.now())
  if (status === 429) return new ComeBackLater('too-many-requests', message, after)
  if (status >= 500 || status === 408) return new ComeBackLater('unavailable', message, after)
  if (status >= 300 && status < 400)
    return new AnswerableError('forbidden', `${message}: redirects elsewhere`)
  return new AnswerableError(CODES[status] ?? 'bad-request', message)
}

/** What an endpoint says of an error, on one line and short. */
function messageOf(bytes: Uint8Array): string | undefined {
  try {
    const { error } = parseJson(bytes, { maxDepth: 8 }) as { error?: { message?: unknown } }
    if (typeof error?.message !== 'string') return undefined
    return error.message
      .slice(0, 200)
      .toWellFormed()
      .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
  } catch {
    return undefined
  }
}

type Fields = Record<string, unknown>

function textOf(bytes: Uint8Array, api: ComparisonParameters['api']): string {
  let fields: Fields
  try {
    fields = parseJson(bytes, { maxBytes: MOST_BYTES, maxDepth: 32 }) as Fields
  } catch (cause) {
    throw new AnswerableError('upstream-broken', `its answer is unusable (${(cause as Error).message})`, {
      cause,
    })
  }
  const choice =
    isObject(fields) && Array.isArray(fields.choices) ? (fields.choices[0] as unknown) : undefined
  const held = isObject(choice) ? (api === 'chat' ? choice.message : choice) : undefined
  const text = isObject(held) ? (api === 'chat' ? (held.content ?? held.refusal) : held.text) : undefined
  if (typeof text !== 'string')
    throw new AnswerableError('upstream-broken', 'its answer holds no text where the API has it')
  if (text.length > MOST_TEXT)
    throw new AnswerableError('too-large', `answers with over ${MOST_TEXT} characters`)
  return text
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (
    (cause as NodeJS.ErrnoException | undefined)?.code ?? (cause instanceof Error ? cause.message : 'unknown')
  )
}
