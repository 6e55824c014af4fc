/** Two who appraise the same evidence come to different verdicts: one of them is wrong, and both are on record. */
import { parseEvidencePolicy, policyDigest } from '@answerable/core/evidence'
import { nodeSuite } from '../log/suite.ts'
import { AttestedNetwork, SIMULATED } from './attested-network.ts'
import type { Drill } from './drill.ts'

const FALSE_REASON = 'debug:debug-mode'

export const disagreeingAppraisals: Drill = {
  name: 'disagreeing-appraisals',
  title: 'a false appraisal (simulated machine)',
  fault:
    'A validator states in the registry that good evidence of another’s machine is of one in debug mode.',
  payer:
    'Nobody yet: the validator’s word stays on record under its own key, beside those of the others. (Bonds come later.)',
  appeal:
    'Anyone computes the appraisal again: the same document, archive, time and policy give the same verdict. The validator corrects itself with the next archive.',
  notShown: [
    SIMULATED,
    'Who is right, by counting: the reader’s own check decides for the reader, and no average of words does.',
    'Whether the validator errs or lies.',
  ],
  async run(scene) {
    const { findings } = scene
    const network = await AttestedNetwork.found(scene)
    const [ada, , , dee] = network.shared.members
    await network.approve()
    // One word of each: dee's own process would say the true one first.
    if (scene.inject) dee.registry.appraiser.perform = () => Promise.resolve()
    const { digest, endorsements } = await network.attest()
    if (scene.inject) {
      const { terms } = ada.state
      const policy = parseEvidencePolicy(JSON.stringify(terms.evidence!.policy))
      const newest = endorsements.at(-1)!
      const body = {
        evidence: digest,
        endorsements: newest.digest,
        asOf: new Date(newest.stated.time).toISOString(),
        policy: policyDigest(policy, nodeSuite),
        met: false,
        reasons: [FALSE_REASON],
      }
      await dee.states('appraisal', body, 'validator')
      findings.inject(`dee stated that bo’s evidence does not meet the charter’s policy: ${FALSE_REASON}`)
    }
    const words = await network.words(digest)
    const found = words.map(({ by, met, reasons }) =>
      met ? `${by}: met` : `${by}: not met (${reasons.join(', ')})`,
    )
    findings.notice(
      new Set(words.map(({ met }) => met)).size === 2,
      'everyone who replays: both verdicts are in the registry, on one archive, time and policy',
      found.join('; '),
    )
    const answer = await network.ask('who is right?')
    const { claims, evidence } = network.check(answer)
    const { place } = claims
    const [dissent] = evidence?.dissent ?? []
    findings.notice(
      place.result === 'pass' && place.sentence.includes(`(${FALSE_REASON})`),
      'anyone who checks the receipt',
      place.sentence.slice(place.sentence.indexOf('Contested')),
    )
    findings.now(
      place.result === 'pass' && dissent?.id === dee.id,
      'place passes by the reader’s own check of the document, and the receipt names who finds otherwise, and why',
    )
    findings.after(
      new Set(words.map(({ policy, endorsements: archive, asOf }) => `${policy} ${archive} ${asOf}`)).size ===
        1 && words.filter(({ met }) => !met).length === 1,
      'nothing is averaged: dee’s verdict stays beside the others’, of the same document and archive, for all to compute again',
    )
  },
}
