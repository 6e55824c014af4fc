/** A vendor's service is down as a record is made: it is recorded now, and checked once the vendor answers. */
import { AttestedNetwork, reasonsOf, SIMULATED, wordsOf } from './attested-network.ts'
import type { Drill } from './drill.ts'

export const missingCollateral: Drill = {
  name: 'missing-collateral',
  title: 'a simulated vendor’s word is missing',
  fault:
    'A vendor’s service is down while a node attests: its certificates and its list of revocations cannot be had.',
  payer: 'Whoever wants to rely on the record before the vendor answers: place is not-checked until then.',
  appeal:
    'None is needed: nothing failed. With the vendor’s answers, by the operator or from the reader’s own archive, the same receipt passes.',
  notShown: [
    SIMULATED,
    'Whether a vendor is down or withholds.',
    'What a vendor would have said then: lists are judged as of the record, and one from after it says what it says of then.',
  ],
  async run(scene) {
    const { findings } = scene
    const network = await AttestedNetwork.found(scene)
    const { machine } = network
    await network.approve()
    machine.served = !scene.inject
    if (scene.inject) findings.inject('the simulated vendor’s service was shut down, and bo’s node attested')
    const { digest } = await network.attest()
    const { problems, unmet } = network.attesting.status
    findings.notice(
      problems.some(line => line.startsWith('AMD')) && unmet.length > 0,
      'bo’s own process, which goes on and says so',
      `what the vendor says is not here: ${problems.map(one => one.slice(one.lastIndexOf(': ') + 2)).join('; ')}`,
    )
    const words = await network.words(digest)
    findings.notice(
      words.length === 3 && words.every(({ reasons }) => reasons.includes('chain:endorsement-missing')),
      'ada, cy and dee, each by an appraisal of its own in the registry',
      reasonsOf(words),
    )
    const answer = await network.ask('recorded now, checked later')
    const place = network.place(answer)
    findings.notice(
      place.result === 'not-checked' && place.reason === 'evidence-incomplete',
      'anyone who checks the receipt',
      wordsOf(place),
    )
    findings.now(
      scene.inject && place.result === 'not-checked',
      'place is neither passed nor failed: what is missing is no pass',
    )
    findings.after(
      network.place(answer, machine.endorsements).reason === 'hardware-attested',
      'with the vendor’s certificates and list from an archive of the reader’s own, the same receipt passes',
    )
    if (!scene.inject) return
    machine.served = true
    const { endorsements } = await network.refresh()
    const later = network.place(await network.sealedAnew(answer, 'hardware-attested'))
    findings.after(
      endorsements.length === 2 && later.reason === 'hardware-attested',
      'the vendor answered again, bo’s node renewed what it says and stated it: sealed anew, the same receipt passes for everybody',
    )
    findings.after(
      (await network.words(digest)).every(({ met }) => met),
      'ada, cy and dee appraised it again, and found the charter’s policy met',
    )
  },
}
