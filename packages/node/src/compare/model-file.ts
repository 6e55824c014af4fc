/** A GGUF file that is run here: as one side of a comparison, or as the trusted copy that the other is held against. */
import { AnswerableError } from '@answerable/core'
import { tokenMargin } from '@answerable/core/audit'
import type { ComparedSide } from '@answerable/core/compare'
import { followText } from '../replay/follow.ts'
import { isQuantised } from '../replay/quantised.ts'
import { LlamaModel, type Prompt } from '../runtime/index.ts'
import type { TrustedCopy } from './replay-tokens.ts'
import type { ComparisonParameters, Source } from './source.ts'

export class ModelFileSource implements Source, TrustedCopy {
  readonly side: ComparedSide
  /** As it was measured between honest settings of such a model. */
  readonly margin: number
  readonly #model: LlamaModel
  readonly #parameters: ComparisonParameters
  /** One generation at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(model: LlamaModel, parameters: ComparisonParameters, quantised: boolean) {
    this.#model = model
    // Whoever answers runs on a machine of their own.
    this.margin = tokenMargin({ quantised, sameSetting: false }).noise
    this.#parameters = parameters
    const { manifest, runtime } = model.describe()
    this.side = {
      kind: 'file',
      sha256: manifest ?? '',
      runtime: `${runtime.name} ${runtime.version}, llama.cpp ${runtime.configuration['llama.cpp']}`,
    }
  }

  /** Throws `not-found`, `bad-format`, and `bad-config` where the runtime is not installed. */
  static async open(file: string, parameters: ComparisonParameters): Promise<ModelFileSource> {
    const model = await LlamaModel.open(file, { name: 'compared', version: '1' })
    return new ModelFileSource(model, parameters, isQuantised(file))
  }

  complete(prompt: string, seed: number, signal: AbortSignal): Promise<string> {
    return this.#inTurn(() => this.#generate(prompt, seed, signal))
  }

  matches(prompt: string, text: string, margin: number, signal: AbortSignal): Promise<boolean[]> {
    return this.#inTurn(() => this.#follow(prompt, text, margin, signal))
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#model.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  #prompt(text: string): Prompt {
    return this.#parameters.api === 'chat'
      ? this.#model.chatPrompt([{ role: 'user', text }])
      : this.#model.textPrompt(text)
  }

  async #follow(prompt: string, text: string, margin: number, signal: AbortSignal): Promise<boolean[]> {
    if (text === '') return []
    const greedy = { temperature: 0, topP: 1, topK: 0, minP: 0, seed: 0 }
    const maxTokens = this.#model.contextSize
    const generation = { ...greedy, prompt: this.#prompt(prompt), maxTokens, stop: [] }
    // How the other side ended its answer is not asked: it may have been cut off.
    const answer = { text, finish: undefined, tokens: undefined }
    const { steps } = await followText(this.#model, generation, answer, {
      margin,
      signal,
      knowsDraws: false,
    })
    if (signal.aborted) throw new AnswerableError('request-timeout', 'it was told to stop')
    return steps.map(({ noise }) => noise <= margin)
  }

  async #generate(prompt: string, seed: number, signal: AbortSignal): Promise<string> {
    const { temperature, topP, maxTokens } = this.#parameters
    const sampling = { temperature, topP, topK: 0, minP: 0 }
    let text = ''
    for await (const piece of this.#model.generate(
      { ...sampling, prompt: this.#prompt(prompt), seed, maxTokens, stop: [] },
      signal,
    ))
      text += piece
    if (signal.aborted) throw new AnswerableError('request-timeout', 'it was told to stop')
    return text
  }
}
