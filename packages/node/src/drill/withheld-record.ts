/** An operator answers, and opens the record to nobody. */
import { AuditedNetwork } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { opensNothing } from './lies.ts'

export const withheldRecord: Drill = {
  name: 'withheld-record',
  title: 'a record is not to be had',
  fault: 'An operator answers its callers, and opens no record to those who are entitled to it.',
  payer: 'The operator: its log is marked as silent for good. (Bonds come later.)',
  appeal:
    'Until the deadline: one majority of the panel to which the record opens ends the challenge. After it, none by the rules yet.',
  notShown: [
    'Whether the operator was cut off or unwilling: what counts is that nobody drawn could have it in time.',
    'An operator that is no validator would be suspended as well; a validator keeps its seat.',
    'A record that was erased, and whose log says so: that is an answer.',
  ],
  async run(scene) {
    const { findings } = scene
    const net = await AuditedNetwork.found(scene, {
      members: {
        audrey: { audits: { tries: 2 } },
        ...(scene.inject && { bo: { audits: { opens: opensNothing } } }),
      },
      terms: { challengeSeconds: 6 },
    })
    const { ada } = net.members
    const { link } = await net.decide()
    if (scene.inject) findings.inject('bo answered, and opens nothing to anybody')
    const challenges = () => [...ada.state.challenges.values()]
    await net.comes(() => challenges().length > 0 || net.findings().length > 0)
    const [challenge] = challenges()
    findings.notice(
      challenge?.by === 'audrey',
      'audrey, for whom the record was drawn',
      `asked twice, and got nothing; the log’s own proof shows that it holds record ${challenge?.index}`,
    )
    if (challenge === undefined) return
    findings.now(
      challenge.type === 'availability' && challenge.status === 'open',
      'the proof became an availability challenge: validators whom the beacon draws ask for the record themselves',
    )
    const now = () => ada.state.challenges.get(challenge.digest)!
    await net.comes(() => now().status !== 'open')
    const { panel, votes, status } = now()
    findings.after(
      panel.length > 0 && !panel.includes('bo') && votes.every(({ opens }) => !opens),
      `${votes.map(({ member }) => member).join(', ')} were drawn, of other owners than bo, and it opened to none of them`,
    )
    findings.after(status === 'lost', 'the deadline passed: silence loses')
    findings.after(
      await net.comes(() =>
        net.all.every(({ state }) => state.logs.get(net.log)?.silent?.challenge === challenge.digest),
      ),
      'bo’s log is marked in every copy of the registry',
    )
    const { claims } = await net.verify(link)
    findings.after(
      claims.accountability.reason === 'operator-in-default' &&
        claims.output.reason === 'not-recomputed' &&
        claims.recorded.result === 'pass',
      'a reader is told: accountability, operator-in-default; output, not recomputed; that it was recorded stands',
    )
    findings.after(
      (await net.decide()).status === 200,
      'bo’s gateway answers on: what the mark is worth to a caller is the caller’s policy to say',
    )
  },
}
