/** An operator runs another model than its record names. */
import { AuditedNetwork, endWords } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { needsCanonical } from './graphs.ts'
import { standsByIt, swapped } from './lies.ts'

export const swappedModel: Drill = {
  name: 'swapped-model',
  title: 'another model answers than is on record',
  fault:
    'An operator puts credit-f32 on record and runs credit-int8; disputed, it stands by its answer with a made-up trace.',
  payer: 'The operator: the dispute’s cost is its to bear, in principle. (Bonds come later.)',
  appeal:
    'None by the rules yet. The votes stay on record, and whoever has the record and the file can compute that tile again.',
  notShown: [
    'Why another model ran: a mistake in a configuration looks the same as a cheaper model.',
    'A swap that leaves every answer within the bound: what moves no answer cannot be seen in answers.',
    'An auditor that works with the operator, and finds nothing.',
  ],
  needs: needsCanonical,
  async run(scene) {
    const { findings } = scene
    const net = await AuditedNetwork.found(scene, {
      members: scene.inject ? { bo: { serve: swapped, audits: { values: standsByIt } } } : {},
    })
    const { link } = await net.decide()
    if (scene.inject) findings.inject('bo answered with credit-int8, and recorded credit-f32')
    const finding = await net.finding()
    const words = finding && net.report(finding)?.words.join(' ')
    findings.notice(
      finding?.outcome === 'inconsistent',
      'audrey, the auditor who ran the drawn record again',
      words ?? 'nothing',
    )
    if (finding?.outcome !== 'inconsistent') return
    findings.now(
      await net.comes(() => net.disputes.length === 1),
      'audrey brought a dispute, with the commitment to her own trace; until it ends the record is contested',
    )
    const contested = (await net.verify(link)).claims.output
    findings.now(
      contested.reason === 'recomputation-contested' || contested.reason === 'recomputed-otherwise',
      'a reader of the receipt is told so meanwhile',
    )
    const dispute = await net.ended()
    if (dispute === undefined) return findings.after(false, 'the dispute ends')
    findings.after(dispute.game?.end?.kind === 'tile', `bisected: ${endWords(dispute)}`)
    findings.after(
      dispute.wrong === 'defender' && dispute.votes.every(({ how }) => how === 'referee'),
      `decided against bo, by arithmetic: ${dispute.votes.length} drawn validators, how: ${dispute.votes[0]?.how}`,
    )
    findings.after(await net.agreed(dispute), 'every member’s own copy of the registry says the same')
    const { claims } = await net.verify(link)
    findings.after(
      claims.output.result === 'fail' && claims.model.result === 'fail' && claims.recorded.result === 'pass',
      'to a reader output and model fail on the basis recomputation; that bo recorded it stands',
    )
    findings.after(
      claims.accountability.reason === 'operator-in-default',
      'and bo’s log carries the lost dispute: accountability, operator-in-default',
    )
  },
}
