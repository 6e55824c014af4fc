/** An operator runs a coarser version of the model that its record names. */
import { AuditedNetwork, endWords } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { needsCanonical } from './graphs.ts'
import { complete, convict, foundWithLanguage, needsLlama } from './language.ts'
import { standsByIt, swapped } from './lies.ts'
import type { Scene } from './scene.ts'

export const coarserQuantisation: Drill = {
  name: 'coarser-quantisation',
  title: 'a coarser version of the model answers',
  fault: 'An operator records the model in full precision, and runs it in fewer bits, which is cheaper.',
  payer: 'The operator: the dispute’s cost is its to bear, in principle. (Bonds come later.)',
  appeal: 'None by the rules yet. The votes stay on record, and whoever has the record can run it again.',
  notShown: [
    'A version that is hardly coarser: what moves no token and no decision cannot be seen in answers.',
    'Who made the coarser file, and whether the operator knew.',
  ],
  // Without either runtime there is nothing to run.
  needs: () => needsLlama() && needsCanonical(),
  async run(scene) {
    if (needsLlama() !== undefined) return coarserGraph(scene)
    const net = await foundWithLanguage(scene, { coarser: scene.inject })
    const answered = await complete(net, { temperature: 0 })
    if (scene.inject)
      scene.findings.inject(
        'bo recorded a GGUF file with F32 weights, and ran its matrices in Q4_0, at temperature 0',
      )
    await convict(scene, net, answered, /Both part at token/)
  },
}

/** The same with the credit models, where GGUF models cannot run. */
async function coarserGraph(scene: Scene): Promise<void> {
  const { findings } = scene
  const net = await AuditedNetwork.found(scene, {
    members: scene.inject ? { bo: { serve: swapped, audits: { values: standsByIt } } } : {},
  })
  const { link } = await net.decide()
  if (scene.inject)
    findings.inject(
      'GGUF models cannot run here, so: bo recorded credit-f32, and ran the same in eight bits, credit-int8',
    )
  const finding = await net.finding()
  findings.notice(
    finding?.outcome === 'inconsistent',
    'audrey, who ran the drawn record again',
    (finding && net.report(finding)?.words.join(' ')) ?? 'nothing',
  )
  if (finding?.outcome !== 'inconsistent') return
  findings.now(await net.comes(() => net.disputes.length > 0), 'she brought a dispute')
  const ended = await net.ended()
  findings.after(ended?.wrong === 'defender', ended ? `decided against bo: ${endWords(ended)}` : 'it ends')
  const { claims } = await net.verify(link)
  findings.after(claims.output.reason === 'recomputed-otherwise', 'to a reader output and model fail')
}
