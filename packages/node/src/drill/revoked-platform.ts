/** A platform's key is revoked, and its operator goes on with it, dating a record back to before that. */
import { registryPoint } from '../gateway/node.ts'
import { AttestedNetwork, reasonsOf, SIMULATED, wordsOf } from './attested-network.ts'
import type { Drill } from './drill.ts'

/** Times of witnesses and revocations count whole seconds. */
const SECOND = 1000

export const revokedPlatform: Drill = {
  name: 'revoked-platform',
  title: 'a revoked (simulated) platform goes on',
  fault:
    'A vendor revokes the key that certified an operator’s machine. The operator goes on with it, brings the list from before, and dates a record back to before the revocation.',
  payer: 'The operator: no record from the revocation on has a place. (Bonds come later.)',
  appeal:
    'The vendor takes the revocation back, or the operator attests on a machine whose key stands. Records that a quorum saw before the revocation need no appeal.',
  notShown: [
    SIMULATED,
    'Whether the key was misused before the day that the vendor names.',
    'Which came first, where record and revocation are of the same minute: of each minute one witnessed checkpoint is kept.',
    'A revocation of which nobody told the reader: a list is asked for by policy, and an old one is in its time until it ends.',
  ],
  async run(scene) {
    const { findings } = scene
    let back = 0
    const clock = (id: string) => (id === 'bo' ? () => Date.now() - back : Date.now)
    const network = await AttestedNetwork.found(scene, { clock })
    const { machine } = network
    const { gateway, registry } = network.bo.network!
    await network.approve()
    const { digest } = await network.attest()
    const honest = await network.ask('before it was revoked')
    const { origin, ...official } = registry.mirror.official!
    const started = Date.now()
    // Longer than a busy machine takes to answer.
    await scene.pause(3 * SECOND)
    const revoked = Date.now()
    if (scene.inject) {
      machine.revoke(revoked)
      await scene.pause(2 * SECOND)
      gateway.setRegistry(registryPoint(origin, official))
      gateway.setRegistry = () => undefined
      back = Date.now() - started
      findings.inject(
        `the simulated vendor revoked, as of ${timeOf(revoked)}, the key that certified bo’s machine`,
      )
      findings.inject(
        `bo answered with its clock ${Math.round(back / SECOND)} s back, and brought the old list`,
      )
    }
    const dated = await network.ask('as if it had been before')
    back = 0
    const list = machine.endorsements
    const { claims, record } = network.check(dated, list)
    const { time = 0, interval } = record ?? {}
    const { from, until = 0 } = interval ?? {}
    findings.notice(
      claims.place.reason === 'evidence-rejected' && claims.place.sentence.includes('certificate-revoked'),
      'anyone who checks the receipt with the vendor’s newest list',
      wordsOf(claims.place),
    )
    findings.now(
      scene.inject && time < revoked && until * SECOND >= revoked,
      `the record says ${timeOf(time)}, before the revocation; a quorum first saw it at ${timeOf(until * SECOND)}, after it, and that counts${from === undefined ? '' : `, over all of its interval from ${timeOf(from * SECOND)}`}`,
    )
    const before = network.place(honest, list)
    findings.now(
      before.reason === 'hardware-attested',
      'the receipt of the record that a quorum saw before the revocation passes under the same list',
    )
    await network.refresh()
    const { unmet } = network.attesting.status
    findings.notice(
      unmet.some(line => line.includes('certificate-revoked')),
      'bo’s own process, once it renews what the vendor says, as it does every day by itself',
      unmet.join('; '),
    )
    const words = await network.words(digest)
    findings.notice(
      words.length === 3 && words.every(({ reasons }) => reasons.includes('revocation:certificate-revoked')),
      'ada, cy and dee, each by an appraisal of its own in the registry',
      reasonsOf(words),
    )
    findings.after(
      network.place(await network.sealedAnew(dated, 'evidence-rejected')).reason === 'evidence-rejected',
      'from then on sealed receipts bring the new list: readers who have none of their own see the same',
    )
  },
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}
