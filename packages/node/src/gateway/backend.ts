/**
 * What answers under /v1: an upstream, or a model in this process. It gets a call and tells a sink of the answer,
 * head first, as it comes.
 */

export interface BackendCall {
  method: string
  /** The path under the gateway's origin, with its query: `/v1/chat/completions`. */
  path: string
  headers: Record<string, string>
  body: Uint8Array
  /** The model asked for, where the call names one. */
  model: string | undefined
  /** The call's JSON, where the endpoint is one whose JSON is read. */
  fields?: Record<string, unknown>
  /**
   * For a call whose seed is derived: resolves with it once the record that the answer begins with, from which it
   * follows, is durable.
   */
  seedFor?: () => Promise<number>
}

export interface AnswerHead {
  status: number
  headers: Record<string, string | string[] | undefined>
}

export interface Sink {
  head(head: AnswerHead): void
  data(chunk: Buffer): void
  end(): void
  /** Instead of `end`, at any time. */
  error(error: Error): void
}

/** A call under way. After `abort` the sink hears no more. */
export interface Exchange {
  abort(): void
  pause(): void
  resume(): void
}

export interface Backend {
  name: string
  /** Model names, or patterns with a trailing `*`. */
  models: readonly string[]
  /** The paths it answers; all, where it does not say. */
  readonly paths?: ReadonlySet<string>
  /** Whether it draws its answers itself, and takes the seed from the record where the caller names none. */
  readonly derivesSeed?: boolean
  /** JSON text for the model disclosure; `answered` is the model that the answer names. */
  describe(model: string | undefined, answered: string | undefined): string
  /** Throws what the call is refused for, where that can be said before it is on record as begun. */
  check?(call: BackendCall): void
  send(call: BackendCall, sink: Sink): Exchange
  close(): Promise<void>
}

/** The first backend that serves a model. */
export function route(backends: readonly Backend[], model: string): Backend | undefined {
  return backends.find(({ models }) => models.some(pattern => matches(pattern, model)))
}

function matches(pattern: string, model: string): boolean {
  return pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : pattern === model
}
