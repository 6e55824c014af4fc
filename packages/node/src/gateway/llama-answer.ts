/** The bytes of an answer in OpenAI's form, whole or as a stream of events, for a model that runs in this process. */
import { randomUUID } from 'node:crypto'
import type { GenerationEnd } from '../runtime/index.ts'
import type { AnswerHead, Sink } from './backend.ts'
import type { LlamaRequest } from './llama-request.ts'

export interface AnswerForm extends Pick<LlamaRequest, 'kind' | 'stream' | 'includeUsage'> {
  model: string
  /** Unix milliseconds. */
  time: number
  promptTokens: number
}

type Finish = GenerationEnd['finish'] | null

/** Writes one answer to a sink, as its text comes. */
export class LlamaAnswer {
  readonly #sink: Sink
  readonly #form: AnswerForm
  readonly #id: string
  #text = ''

  constructor(sink: Sink, form: AnswerForm) {
    this.#sink = sink
    this.#form = form
    this.#id = `${form.kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${randomUUID()}`
  }

  start(): void {
    const { stream, kind } = this.#form
    const head: AnswerHead = {
      status: 200,
      headers: stream
        ? { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }
        : { 'content-type': 'application/json' },
    }
    this.#sink.head(head)
    if (stream && kind === 'chat') this.#chunk({ delta: { role: 'assistant', content: '' } }, null)
  }

  piece(text: string): void {
    if (!this.#form.stream) this.#text += text
    else this.#chunk(this.#form.kind === 'chat' ? { delta: { content: text } } : { text }, null)
  }

  end({ finish, tokens }: GenerationEnd): void {
    const { stream, kind, includeUsage, promptTokens } = this.#form
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: tokens,
      total_tokens: promptTokens + tokens,
    }
    if (stream) {
      this.#chunk(kind === 'chat' ? { delta: {} } : { text: '' }, finish)
      if (includeUsage) this.#event({ ...this.#fields('.chunk'), choices: [], usage })
      this.#sink.data(Buffer.from('data: [DONE]\n\n'))
    } else {
      const message = { role: 'assistant', content: this.#text, refusal: null }
      const choice = this.#choice(kind === 'chat' ? { message } : { text: this.#text }, finish)
      this.#sink.data(Buffer.from(JSON.stringify({ ...this.#fields(''), choices: [choice], usage })))
    }
    this.#sink.end()
  }

  #chunk(content: object, finish: Finish): void {
    this.#event({ ...this.#fields('.chunk'), choices: [this.#choice(content, finish)] })
  }

  #event(value: unknown): void {
    this.#sink.data(Buffer.from(`data: ${JSON.stringify(value)}\n\n`))
  }

  #choice(content: object, finish: Finish): object {
    return { index: 0, ...content, logprobs: null, finish_reason: finish }
  }

  #fields(suffix: '' | '.chunk'): object {
    const { kind, model, time } = this.#form
    // A stream of completions has no name of its own in that API.
    const object = kind === 'chat' ? `chat.completion${suffix}` : 'text_completion'
    return { id: this.#id, object, created: Math.floor(time / 1000), model }
  }
}
