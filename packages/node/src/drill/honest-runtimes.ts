/** Two honest runtimes that differ in the last bits. */
import { ServedModel, type ServedModels } from '../gateway/kserve.ts'
import { openCanonical } from '../replay/canonical-model.ts'
import { OnnxModel } from '../runtime/index.ts'
import { AuditedNetwork } from './audited-network.ts'
import type { Drill } from './drill.ts'

export const honestRuntimes: Drill = {
  name: 'honest-runtimes',
  title: 'two honest runtimes differ',
  fault:
    'No fault: an operator answers with WebAssembly, and with two threads and a rewritten graph; the auditor has none of these.',
  payer: 'Nobody: neither is wrong.',
  appeal: 'None is needed.',
  notShown: [
    'A second type of processor: all of this runs on one.',
    'That the operator’s word about its runtime is true: it said it before anybody asked.',
    'A change that is as small as what honest runtimes differ by.',
  ],
  async run(scene) {
    const { findings } = scene
    let file = ''
    const others = new Map<string, ServedModel>()
    const serve = (models: ServedModels) => new Map([...models, ...others])
    const net = await AuditedNetwork.found(scene, { members: { bo: { serve } } })
    return void [findings, file, net, openCanonical, OnnxModel]
  },
}
