/** The opinion of an ONNX model in this process. */
import { infer, KSERVE_SAMPLING, type ServedModel } from '../kserve.ts'
import { failed, type Opinion, type Question, type Said, unless } from './opinion.ts'

export class KserveOpinion implements Opinion {
  readonly model: string
  readonly #served: ServedModel

  constructor(served: ServedModel) {
    this.model = served.description.name
    this.#served = served
  }

  async ask(question: Question): Promise<Said> {
    const { call, fields, identity, parties, signal } = question
    // As if it had been asked by itself, so that whoever runs it again does the same.
    const path = `/v2/models/${encodeURIComponent(this.model)}/infer`
    const { idempotency: _, ...common } = call.asked(this.#served.disclosure, KSERVE_SAMPLING)
    const asked = { ...common, path, parties, identity }
    try {
      const response = await unless(signal, infer(this.#served, fields))
      return {
        asked,
        answered: { response, status: 200, mediaType: 'application/json', outcome: 'ok' },
        headers: [],
      }
    } catch (error) {
      return { asked, ...failed(error, question, path) }
    }
  }
}
