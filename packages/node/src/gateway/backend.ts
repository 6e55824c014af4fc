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
  /** JSON text for the model disclosure; `answered` is the model that the answer names. */
  describe(model: string | undefined, answered: string | undefined): string
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
