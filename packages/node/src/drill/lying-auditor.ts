/** An auditor disputes an honest record, with a trace that it made up. */
import { AuditedNetwork, endWords } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { needsCanonical } from './graphs.ts'
import { altersOne, findsOtherwise } from './lies.ts'

export const lyingAuditor: Drill = {
  name: 'lying-auditor',
  title: 'it is the auditor who is wrong',
  fault:
    'An auditor says that an honest record is not what its model gives, and plays the dispute with a false trace.',
  payer: 'The auditor: the cost of the dispute it brought is its to bear, in principle. (Bonds come later.)',
  appeal:
    'None by the rules yet. Its finding stays on record beside the others, with the dispute that it lost.',
  notShown: [
    'An auditor that lies where nobody else has looked, and is believed until its dispute is over.',
    'Whether it lied or computed wrongly: the arithmetic cannot tell.',
    'A panel most of which works with the auditor.',
  ],
  needs: needsCanonical,
  async run(scene) {
    const { findings } = scene
    const net = await AuditedNetwork.found(scene, {
      members: {
        // Another auditor, who is a validator as well.
        dee: { roles: ['validator', 'auditor'] },
        ...(scene.inject && { audrey: { audits: { found: findsOtherwise, values: altersOne } } }),
      },
    })
    const { bo } = net.members
    const { link } = await net.decide()
    if (scene.inject)
      findings.inject(
        'audrey says of bo’s honest answer that it is another, and alters one number of her trace',
      )
    await net.finding('dee')
    const finding = await net.finding()
    await net.comes(() => bo.state.disputes.size > 0 || finding?.outcome !== 'inconsistent')
    const dispute = net.disputes[0] ?? [...bo.state.disputes.values()][0]
    findings.notice(
      dispute !== undefined,
      'bo, whom the dispute asks for its own trace',
      'the registry: audrey got something else, and commits to a trace; bo’s is another',
    )
    if (dispute === undefined) return
    findings.now(
      await net.comes(() => bo.state.disputes.get(dispute.digest)?.game?.commitments.defender !== undefined),
      'bo committed to its own trace: it had kept none, and computed it from the record',
    )
    const ended = await net.ended()
    if (ended === undefined) return findings.after(false, 'the dispute ends')
    findings.after(ended.game?.end?.kind === 'tile', `bisected: ${endWords(ended)}`)
    findings.after(
      ended.wrong === 'challenger' && ended.votes.every(({ how }) => how === 'referee'),
      'decided against audrey, by the same arithmetic that decides against operators',
    )
    findings.after(await net.agreed(ended), 'every member’s own copy of the registry says the same')
    const { claims } = await net.verify(link)
    findings.after(
      claims.output.result === 'pass' &&
        claims.output.basis === 'recomputation' &&
        /dee.*1 auditor found otherwise, and lost the dispute/.test(claims.output.sentence),
      `a reader is told: ${claims.output.sentence}`,
    )
    findings.after(
      claims.model.basis === 'recomputation' && claims.accountability.reason === 'operator-registered',
      'dee’s finding stands, for the claim model as well, and nothing is held against bo',
    )
  },
}
