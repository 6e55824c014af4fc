/** Whether this machine draws tokens by the numbers that core computes again. */
import { Scores, Uniforms } from '@answerable/core/audit'
import type { ReplayedModel } from './follow.ts'

const TRIED = 32

/**
 * Whether the numbers that `Uniforms` gives are those that this machine's library draws by: two texts are drawn and compared.
 * Not so where it was built with another standard library.
 */
export async function knowsDraws(model: ReplayedModel, signal: AbortSignal): Promise<boolean> {
  for (const [seed, minP] of [
    [1, 0],
    // With one token left now and then: some versions draw no number for it.
    [0x9e3779b9, 0.4],
  ] as const) {
    const sampler = { temperature: 1, topP: 1, topK: 0, minP }
    const prompt = model.textPrompt('a')
    const generation = { ...sampler, prompt, seed, maxTokens: TRIED, stop: [] }
    let drawn = ''
    for await (const piece of model.generate(generation, signal)) drawn += piece
    const uniforms = new Uniforms(seed)
    const run = model.textRun(generation)
    const positions = model.score(prompt, signal)
    let text = ''
    let position = await positions.next()
    for (let i = 0; !position.done && run.end === undefined; i++) {
      const token = new Scores(position.value, sampler).draw(uniforms.at(i))
      text += run.add(token).join('')
      if (run.end === undefined) position = await positions.next(token)
    }
    await positions.return()
    if (text !== drawn) return false
  }
  return true
}
