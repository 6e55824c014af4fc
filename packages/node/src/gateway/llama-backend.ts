/** A GGUF model in this process behind the OpenAI endpoints: one generation at a time, and a queue with a bound. */
import { AnswerableError } from '@answerable/core'
import type { SignedModel } from '@answerable/core/model'
import type { GenerationEnd, LlamaModel, ModelDescription, Prompt } from '../runtime/index.ts'
import type { Backend, BackendCall, Exchange, Sink } from './backend.ts'
import { LlamaAnswer } from './llama-answer.ts'
import { CHAT_PATH, COMPLETION_PATH, type LlamaRequest, promptOf, readLlamaRequest } from './llama-request.ts'

export interface LlamaBackendOptions {
  /** How many calls may wait for the one that runs. */
  queue: number
  /** Unix milliseconds. */
  clock?: () => number
  /** Told of faults that the caller is told no more of than that there was one. */
  report?: (error: unknown) => void
  /** The signed manifest that the model's file was compared with. */
  signed?: SignedModel
}

/** What the model runs, of LlamaModel: tests of the queue put something slower in its place. */
export type GgufModel = Pick<LlamaModel, 'describe' | 'textPrompt' | 'chatPrompt' | 'generate' | 'close'>

interface Prepared {
  request: LlamaRequest
  prompt: Prompt
}

export class LlamaBackend implements Backend {
  readonly name = 'local'
  readonly models: readonly string[]
  readonly paths: ReadonlySet<string> = new Set([CHAT_PATH, COMPLETION_PATH])
  readonly derivesSeed = true
  readonly description: ModelDescription
  readonly #model: GgufModel
  readonly #disclosure: string
  readonly #options: LlamaBackendOptions
  readonly #prepared = new WeakMap<BackendCall, Prepared>()
  readonly #waiting: Job[] = []
  #running: Job | undefined
  #idle: Promise<void> = Promise.resolve()

  constructor(model: GgufModel, options: LlamaBackendOptions) {
    this.#model = model
    this.#options = options
    const { signed } = options
    this.description = { ...model.describe(), ...(signed && { signed }) }
    const { name, version, manifest, runtime } = this.description
    this.models = [name]
    this.#disclosure = JSON.stringify({ name, version, manifest: { sha256: manifest }, signed, runtime })
  }

  describe(): string {
    return this.#disclosure
  }

  check(call: BackendCall): void {
    if (this.#waiting.length >= this.#options.queue && this.#running !== undefined)
      throw new AnswerableError(
        'too-many-requests',
        `${this.#waiting.length} calls wait for this model already, and it answers one at a time`,
      )
    this.#prepared.set(call, this.#prepare(call))
  }

  send(call: BackendCall, sink: Sink): Exchange {
    const job = new Job(sink, this.#prepared.get(call) ?? this.#prepare(call), call.seedFor)
    job.onAbort = () => {
      const at = this.#waiting.indexOf(job)
      if (at !== -1) this.#waiting.splice(at, 1)
    }
    this.#waiting.push(job)
    if (this.#running === undefined) this.#idle = this.#work()
    return job
  }

  async close(): Promise<void> {
    for (const job of [...this.#waiting])
      job.fail(new AnswerableError('unavailable', 'this gateway is closing'))
    this.#running?.fail(new AnswerableError('unavailable', 'this gateway is closing'))
    await this.#idle
    await this.#model.close()
  }

  #prepare({ path, fields }: BackendCall): Prepared {
    const request = readLlamaRequest(path.split('?', 1)[0]!, fields ?? {})
    return { request, prompt: promptOf(this.#model, request) }
  }

  async #work(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      this.#running = job
      const { clock = Date.now, report = () => undefined } = this.#options
      await job.run(this.#model, clock(), report)
    }
    this.#running = undefined
  }
}

/** One generation, waiting or under way. */
class Job implements Exchange {
  readonly #sink: Sink
  readonly #prepared: Prepared
  readonly #seedFor: BackendCall['seedFor']
  readonly #stop = new AbortController()
  /** While the caller reads more slowly than the model writes. */
  #paused: { promise: Promise<void>; resolve(): void } | undefined
  onAbort: () => void = () => undefined

  constructor(sink: Sink, prepared: Prepared, seedFor: BackendCall['seedFor']) {
    this.#sink = sink
    this.#prepared = prepared
    this.#seedFor = seedFor
  }

  abort(): void {
    this.#stop.abort()
    this.resume()
    this.onAbort()
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers<void>()
  }

  resume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
  }

  /** Ends it, and tells the sink why, unless it was aborted before. */
  fail(error: Error): void {
    if (this.#stop.signal.aborted) return
    this.abort()
    this.#sink.error(error)
  }

  /** Never rejects. */
  async run(model: GgufModel, time: number, report: (error: unknown) => void): Promise<void> {
    const { signal } = this.#stop
    try {
      const { request, prompt } = this.#prepared
      const seed = await this.#seed(request)
      if (signal.aborted) return
      const answer = new LlamaAnswer(this.#sink, {
        ...request,
        model: model.describe().name,
        time,
        promptTokens: prompt.tokens.length,
      })
      answer.start()
      const pieces = model.generate({ ...request, prompt, seed }, signal)
      const end = await this.#passOn(pieces, answer)
      if (end !== undefined) answer.end(end)
    } catch (error) {
      if (!(error instanceof AnswerableError)) report(error)
      this.fail(error instanceof Error ? error : new Error('the model failed', { cause: error }))
    }
  }

  async #passOn(
    pieces: AsyncGenerator<string, GenerationEnd>,
    answer: LlamaAnswer,
  ): Promise<GenerationEnd | undefined> {
    const { signal } = this.#stop
    for (;;) {
      const { done, value } = await pieces.next()
      if (!signal.aborted && done) return value
      if (!signal.aborted && !done) answer.piece(value)
      while (this.#paused !== undefined) await this.#paused.promise
      if (signal.aborted) {
        await pieces.return({ finish: 'stop', tokens: 0 })
        return undefined
      }
    }
  }

  /** At temperature 0 nothing is drawn, and any number does. */
  async #seed({ seed, temperature }: LlamaRequest): Promise<number> {
    if (temperature === 0) return 0
    if (seed !== undefined) return seed
    if (this.#seedFor === undefined) throw new Error('a drawn answer needs a seed from its record')
    return this.#seedFor()
  }
}
