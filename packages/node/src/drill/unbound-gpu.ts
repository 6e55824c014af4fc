/** Evidence of a GPU that is not this machine's: genuine, and asked with another node's nonce. */
import { randomBytes } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import { evidenceBinding, formatEndorsements, formatEvidenceDocument } from '@answerable/core/evidence'
import { formatVkey } from '@answerable/core/note'
import { nodeSuite } from '../log/suite.ts'
import { NODE_NAME } from '../network/index.ts'
import { stateEvidence } from '../registry/state-evidence.ts'
import { AttestedNetwork, reasonsOf, SIMULATED, wordsOf } from './attested-network.ts'
import type { Drill } from './drill.ts'

export const unboundGpu: Drill = {
  name: 'unbound-gpu',
  title: 'a simulated GPU of another machine is shown',
  fault:
    'An operator shows a GPU that it does not have here: genuine evidence of one, which another node asked for with its own nonce.',
  payer: 'The operator: no record that names this evidence has a place, for good. (Bonds come later.)',
  appeal:
    'It asks its own GPU with the nonce of its own log, and attests anew; or it shows the machine alone, and claims no GPU.',
  notShown: [
    SIMULATED,
    'That a bound GPU does the work: evidence shows that it was asked by this node, and what runs on it.',
    'A GPU elsewhere that answers this node’s own question over a wire: nonces do not show where a device is.',
  ],
  async run(scene) {
    const { findings } = scene
    const network = await AttestedNetwork.found(scene, { gpu: true })
    const { machine, bo } = network
    await network.approve()
    let digest: string
    if (scene.inject) {
      machine.gpuNonce = randomBytes(32)
      findings.inject('the evidence of bo’s simulated GPU was asked for with another node’s nonce')
    }
    try {
      digest = (await network.attest()).digest
    } catch (error) {
      if (!(error instanceof AnswerableError) || error.code !== 'bad-evidence') throw error
      findings.notice(true, 'bo’s own process, which states no such thing', error.message)
      digest = await stated(network)
      findings.inject('bo put it into a document all the same, had its machine sign that, and stated it')
      await network.known(digest)
    }
    const words = await network.words(digest)
    findings.notice(
      words.length === 3 && words.every(({ reasons }) => reasons.includes('devices:device-not-bound')),
      'ada, cy and dee, each by an appraisal of its own in the registry',
      reasonsOf(words),
    )
    const answer = await network.ask('on which GPU?')
    const place = network.place(answer)
    findings.notice(
      place.result === 'fail' && place.reason === 'device-not-bound',
      'anyone who checks the receipt',
      wordsOf(place),
    )
    findings.now(
      place.result === 'fail',
      'place fails as a whole: of a document with a part that is not of this node nothing counts',
    )
    machine.gpuNonce = undefined
    await network.attest()
    const later = network.place(await network.ask('and now?'))
    findings.after(
      later.reason === 'hardware-attested' && later.sentence.includes('1 device bound to it'),
      `asked with its own nonce, bo’s GPU is bound: ${bo.id}’s next record passes, and says so`,
    )
    findings.after(
      network.place(answer).reason === place.reason,
      'the record from before names the evidence of then, and comes out as it did',
    )
  },
}

/** What an operator states who does not heed its own process. Resolves with the document's digest. */
async function stated({ machine, bo }: AttestedNetwork): Promise<string> {
  const { registry, gateway } = bo.network!
  const { key } = gateway.options.signer
  const log = formatVkey(key)
  const { signal } = new AbortController()
  const attesters = machine.attesters(true)
  const gpu = await attesters.devices[0]!.attest(randomBytes(32), signal)
  const own = await attesters.machine.attest(evidenceBinding(log, [gpu.bytes], nodeSuite), signal)
  const document = formatEvidenceDocument({ log, items: [own, gpu] })
  const archive = formatEndorsements([...machine.endorsements, ...gpu.endorsements])
  const digest = nodeSuite.sha256Hex(document)
  const signer = (await bo.keys()).statements('member')
  await stateEvidence(registry, { node: NODE_NAME, log: key.name, document, archive }, signer)
  gateway.setEvidence(digest)
  return digest
}
