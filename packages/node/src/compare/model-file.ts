/** A GGUF file that is run here as one side of a comparison. */
import { AnswerableError } from '@answerable/core'
import type { ComparedSide } from '@answerable/core/compare'
import { LlamaModel } from '../runtime/index.ts'
import type { ComparisonParameters, Source } from './source.ts'

export class ModelFileSource implements Source {
  readonly side: ComparedSide
  readonly #model: LlamaModel
  readonly #parameters: ComparisonParameters
  /** One generation at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(model: LlamaModel, parameters: ComparisonParameters) {
    this.#model = model
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
    return new ModelFileSource(await LlamaModel.open(file, { name: 'compared', version: '1' }), parameters)
  }

  complete(prompt: string, seed: number, signal: AbortSignal): Promise<string> {
    const answer = this.#turn.then(() => this.#generate(prompt, seed, signal))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async close(): Promise<void> {
    await this.#turn
    await this.#model.close()
  }

  async #generate(prompt: string, seed: number, signal: AbortSignal): Promise<string> {
    const { api, temperature, topP, maxTokens } = this.#parameters
    const asked =
      api === 'chat'
        ? this.#model.chatPrompt([{ role: 'user', text: prompt }])
        : this.#model.textPrompt(prompt)
    const sampling = { temperature, topP, topK: 0, minP: 0 }
    let text = ''
    for await (const piece of this.#model.generate(
      { ...sampling, prompt: asked, seed, maxTokens, stop: [] },
      signal,
    ))
      text += piece
    if (signal.aborted) throw new AnswerableError('request-timeout', 'it was told to stop')
    return text
  }
}
