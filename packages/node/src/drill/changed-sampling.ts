/** An operator samples otherwise than its record says. */
import type { Drill } from './drill.ts'
import { complete, convict, foundWithLanguage, needsLlama } from './language.ts'

export const changedSampling: Drill = {
  name: 'changed-sampling',
  title: 'sampled otherwise than on record',
  fault: 'A caller asks for a stream at temperature 1. The operator records that, and answers at 0.',
  payer: 'The operator: the dispute’s cost is its to bear, in principle. (Bonds come later.)',
  appeal: 'None by the rules yet. The votes stay on record, and whoever has the record can run it again.',
  notShown: [
    'That it was the temperature: another model, seed or sampling all end at a token that the record does not draw.',
    'A change so small that it draws the same tokens.',
    'A temperature of 0 that is asked for, and kept: then the seed is nothing to look at.',
  ],
  needs: needsLlama,
  async run(scene) {
    const net = await foundWithLanguage(
      scene,
      scene.inject ? { call: asked => ({ ...asked, fields: { ...asked.fields, temperature: 0 } }) } : {},
    )
    const answered = await complete(net, { stream: true })
    if (scene.inject)
      scene.findings.inject('bo recorded temperature 1, and took the likeliest token each time')
    await convict(scene, net, answered, /With the seed that the record binds it to/)
  },
}
