/** An operator shops for a seed. */
import type { BackendCall } from '../gateway/backend.ts'
import type { Drill } from './drill.ts'
import { complete, convict, foundWithLanguage, needsLlama } from './language.ts'

export const shoppedSeed: Drill = {
  name: 'shopped-seed',
  title: 'a seed of the operator’s choice',
  fault:
    'Where the caller names no seed, it follows from the record’s beginning. An operator draws by another, whose answer it likes better.',
  payer: 'The operator: the dispute’s cost is its to bear, in principle. (Bonds come later.)',
  appeal: 'None by the rules yet. The votes stay on record, and whoever has the record can run it again.',
  notShown: [
    'Beginnings that were made up and never logged: an operator can look at many before it logs the one that it likes. A caller’s own nonce or seed stands against that.',
    'That it was the seed: another model or sampling ends at such a token as well.',
  ],
  needs: needsLlama,
  async run(scene) {
    const net = await foundWithLanguage(scene, scene.inject ? { call: shopped } : {})
    const answered = await complete(net)
    if (scene.inject) scene.findings.inject('bo recorded that the seed is derived, and drew by another')
    await convict(scene, net, answered, /With the seed that the record binds it to/)
  },
}

function shopped(call: BackendCall): BackendCall {
  return { ...call, seedFor: async () => ((await call.seedFor!()) ^ 1) >>> 0 }
}
