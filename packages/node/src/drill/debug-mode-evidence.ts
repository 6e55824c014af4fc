/** A machine attests in debug mode: its evidence is genuine, and worth nothing. */
import { AttestedNetwork, reasonsOf, SIMULATED, wordsOf } from './attested-network.ts'
import type { Drill } from './drill.ts'

export const debugModeEvidence: Drill = {
  name: 'debug-mode-evidence',
  title: 'a simulated machine in debug mode attests',
  fault:
    'An operator runs its node on a confidential machine in debug mode: whoever hosts it can read and write all that is in it. Its evidence is signed as it should be.',
  payer: 'The operator: no record that names this evidence has a place, for good. (Bonds come later.)',
  appeal:
    'It attests anew with debug mode off, and records name that from then on. A charter or a reader may accept debug mode; the check still says so.',
  notShown: [
    SIMULATED,
    'Whether anyone looked into the machine while it could be.',
    'That a machine without debug mode is one that nobody can break.',
  ],
  async run(scene) {
    const { findings } = scene
    const network = await AttestedNetwork.found(scene)
    await network.approve()
    network.machine.debug = scene.inject
    if (scene.inject) findings.inject('bo’s simulated machine was put in debug mode, and its node attested')
    const { digest } = await network.attest()
    const { unmet } = network.attesting.status
    findings.notice(
      unmet.some(line => line.includes('debug-mode')),
      'bo’s own process, as it states the evidence',
      unmet.join('; '),
    )
    const words = await network.words(digest)
    findings.notice(
      words.length === 3 && words.every(({ met, reasons }) => !met && reasons.includes('debug:debug-mode')),
      'ada, cy and dee, each by an appraisal of its own in the registry',
      reasonsOf(words),
    )
    const answer = await network.ask('where am I?')
    const { claims } = network.check(answer)
    const { place } = claims
    findings.notice(
      place.result === 'fail' && place.reason === 'evidence-rejected',
      'anyone who checks the receipt',
      wordsOf(place),
    )
    findings.now(
      claims.recorded.result === 'pass' && place.result === 'fail',
      'place fails alone: that the answer is on record, and who answers for it, stands as before',
    )
    network.machine.debug = false
    await network.attest()
    const later = network.place(await network.ask('and now?'))
    findings.after(
      later.reason === 'hardware-attested',
      'attested anew without debug mode, the next record’s place passes',
    )
    findings.after(
      network.place(answer).reason === 'evidence-rejected',
      'the record from before names the evidence of then, and fails as it did',
    )
  },
}
