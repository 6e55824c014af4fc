/** An image that was approved turns out to have a hole: its approver takes the approval back, then validators all approvals. */
import { addSignature, referenceId } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import { AttestedNetwork, SIMULATED, wordsOf } from './attested-network.ts'
import type { Drill } from './drill.ts'

const HOLE = 'answers are written to a file that the host can read'

export const revokedMeasurement: Drill = {
  name: 'revoked-measurement',
  title: 'a simulated machine’s image is revoked',
  fault:
    'An operator answers with an image that others approved, and a hole is found in it. The operator does not change the image.',
  payer:
    'The operator, whose records have no place until it runs another image; whoever approved it, whose word is on record with what came of it. (Bonds come later.)',
  appeal:
    'A build without the hole has another measurement, which anybody may approve. What a quorum of validators revoked stays revoked.',
  notShown: [
    SIMULATED,
    'Which came first, where record and revocation are of the same minute: of each minute one witnessed checkpoint is kept.',
    'Whether the hole was used, before or after.',
    'That an approved image has no hole: an approval says that somebody looked at it.',
  ],
  async run(scene) {
    const { findings } = scene
    const network = await AttestedNetwork.found(scene)
    const { machine, shared } = network
    const [ada, , cy, dee] = shared.members
    const id = referenceId(machine.image, nodeSuite)
    const body = (since: number) => ({ id, since: new Date(since).toISOString(), reason: HOLE })
    await network.attest()
    await network.approve(cy)
    const before = await network.ask('while the image stood')
    // Times of witnesses count whole seconds.
    await scene.pause(2000)
    if (scene.inject) {
      await cy.states('reference-revocation', body(Date.now()))
      findings.inject('cy, who had approved bo’s image, took that back; bo went on with the same image')
      await scene.comes(() => ada.state.referencesOf(id).some(({ revoked }) => revoked !== null))
      await scene.pause(1100)
    }
    const after = await network.ask('with the same image')
    const place = network.place(after)
    findings.notice(
      place.result === 'fail' && place.reason === 'measurement-revoked',
      'anyone who checks the receipt of a record from then on',
      wordsOf(place),
    )
    findings.now(
      network.place(before).reason === 'hardware-attested',
      'the receipt of the record from before passes: the image was approved while it ran',
    )
    if (!scene.inject) return
    await network.approve(dee)
    const another = network.place(after)
    findings.after(
      another.reason === 'hardware-attested' && another.sentence.includes('took back an approval'),
      'dee approved the image as well: by that place passes again, and says that cy took back its own',
    )
    await scene.pause(1100)
    const since = Date.now()
    let entry = await dee.statement(shared.id, 'reference-revocation', body(since), 'validator')
    for (const one of [ada, cy]) entry = addSignature(entry, (await one.keys()).statements('validator'))
    await ada.client.submit(entry)
    findings.inject('ada, cy and dee, together a quorum, revoked the image for everybody')
    await network.comes(() => ada.state.referencesOf(id).every(({ revoked }) => revoked?.groups != null))
    await scene.pause(1100)
    const last = network.place(await network.ask('still the same image'))
    findings.notice(
      last.reason === 'measurement-revoked' && last.sentence.includes('quorum of validators'),
      'anyone who checks a receipt, whomever they trust with approvals',
      wordsOf(last),
    )
    findings.after(
      network.place(before).reason === 'hardware-attested',
      'the receipt from before still passes',
    )
    const again = await cy
      .states('reference-value', { reference: machine.image as never })
      .then(() => '')
      .catch((error: Error) => error.message)
    findings.after(again.includes('not-open'), `nobody approves that image again: ${again}`)
  },
}
