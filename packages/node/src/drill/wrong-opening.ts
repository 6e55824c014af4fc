/** An operator signs an opening that opens something else. */
import { judgeOpening, KeptOpenings } from '../auditor/index.ts'
import { AuditedNetwork } from './audited-network.ts'
import type { Drill } from './drill.ts'

/** What the falsified answer says; the record has another. */
const BETTER = Buffer.from('{"outputs":[{"name":"approved","data":[true]}]}')

export const wrongOpening: Drill = {
  name: 'wrong-opening',
  title: 'an operator opens something else',
  fault: 'Asked for a record, an operator signs and sends another answer than the one that it recorded.',
  payer:
    'The operator: its log is marked as silent for good, and its signature is the evidence. (Bonds come later.)',
  appeal:
    'Until the deadline the record itself, opened to a majority of the panel. What it signed before stays evidence.',
  notShown: [
    'The evidence in the registry: it holds content, and goes to whoever has to see it.',
    'An operator that lies to one auditor alone: then the panel can have the record, and the file is all there is.',
    'What was really answered. The record holds its digest, and nobody opens it.',
  ],
  async run(scene) {
    const { findings } = scene
    const net = await AuditedNetwork.found(scene, {
      members: scene.inject
        ? {
            bo: {
              audits: {
                opens: record => ({ ...record, content: { ...record.content, response: BETTER } }),
              },
            },
          }
        : {},
      terms: { challengeSeconds: 6 },
    })
    const { ada, audrey } = net.members
    const { link } = await net.decide()
    if (scene.inject) findings.inject('bo sent another answer under its signature than it had recorded')
    const { openings } = audrey.network!.auditing
    let files: string[] = []
    await net.comes(async () => {
      files = await openings.files()
      return files.length > 0 || net.findings().length > 0
    })
    const kept = files[0] === undefined ? undefined : await KeptOpenings.read(files[0])
    findings.notice(
      kept?.problem === 'content-altered' && kept.operator === 'bo',
      'audrey, who held it against the log’s own entry',
      'content-altered: the bytes are not those whose digest the record holds',
    )
    if (kept === undefined) return
    const judged = await judgeOpening(kept, ada.state)
    findings.now(
      judged?.signer === 'bo' && judged.problem === kept.problem,
      'the evidence was kept: with that one file anybody sees that bo signed this, and that it does not open the entry',
    )
    const altered = {
      ...kept,
      ciphertext: `${kept.ciphertext.slice(0, -1)}${kept.ciphertext.endsWith('A') ? 'B' : 'A'}`,
    }
    findings.now(
      (await judgeOpening(altered, ada.state)) === undefined,
      'audrey cannot have made it up: one altered character, and the file shows nothing against bo',
    )
    const challenges = () => [...ada.state.challenges.values()]
    await net.comes(() => challenges().length > 0)
    const [challenge] = challenges()
    findings.now(
      challenge?.type === 'availability' && challenge.by === 'audrey',
      'she challenged it at once: a signed falsehood is no hitch, and is not asked for again',
    )
    if (challenge === undefined) return
    const now = () => ada.state.challenges.get(challenge.digest)!
    await net.comes(() => now().status !== 'open')
    findings.after(
      now().status === 'lost' && now().votes.every(({ opens }) => !opens),
      `${now()
        .votes.map(({ member }) => member)
        .join(', ')} were drawn, were sent the same falsehood, and say that it does not open: lost`,
    )
    const { claims } = await net.verify(link)
    findings.after(
      claims.accountability.reason === 'operator-in-default',
      'a reader is told: accountability, operator-in-default',
    )
  },
}
