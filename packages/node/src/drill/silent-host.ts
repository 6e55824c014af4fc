/** A host that is gone, with statements that nobody but it had seen. */
import type { Drill } from './drill.ts'
import type { Member } from './member.ts'
import { digestOf, lastMove, modelBody, type SharedNetwork } from './shared-network.ts'

export const silentHost: Drill = {
  name: 'silent-host',
  title: 'the host of the registry is gone',
  fault:
    'The host acknowledges a statement, and goes before anybody else has a copy of it. Later it comes back.',
  payer: 'Nobody, but for the time: nothing was under a quorum from the silence to the move.',
  appeal: 'None is needed: a host that comes back follows the new one, and brings along what it alone had.',
  notShown: [
    'A quorum of validators that is gone as well: then the host cannot be moved, and clocks stand still.',
    'A statement whose author and host are both gone before anyone else saw it: then it is lost until one returns.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [ada, ...others] = shared.members
    const [bo, , dee] = others as [Member, Member, Member]
    const seen = digestOf(await stated(shared, dee, 'seen'))
    await scene.comes(() => others.every(one => one.official > (one.book.find(seen)?.index ?? 1e9)))
    if (scene.inject) {
      await shared.amend(scene, { handInSeconds: 2 })
      isolate(ada, others)
    }
    const alone = digestOf(await stated(shared, dee, 'alone'))
    const known = others.every(({ book }) => book.find(alone) === undefined)
    if (scene.inject) {
      await ada.stop()
      findings.inject('ada acknowledged a statement of dee’s, kept it to itself, and was stopped')
    }
    await scene.faultShows(() => others.every(({ hostedBy }) => hostedBy !== 'ada'))
    const move = await lastMove(bo)
    findings.notice(
      move !== undefined &&
        /^silent/.test(move.reason) &&
        others.every(({ id }) => move.signers.includes(id)),
      'bo, cy and dee',
      `each signed the move of the host: ${move?.reason}`,
    )
    if (!scene.inject) return
    findings.now(
      known,
      'the registry stood still, and no deadline came nearer: clocks need ticks under a quorum',
    )
    findings.after(
      await scene.comes(() => others.every(one => one.official > (one.state.host?.from ?? 0) + 1)),
      `${bo.hostedBy} goes on from the last entry that anyone had, under a quorum`,
    )
    const effective = (digest: string) => () => others.every(({ book }) => book.find(digest)?.effective)
    findings.after(effective(seen)(), 'what a quorum had seen is where it was')
    findings.after(
      await scene.comes(effective(alone)),
      'what ada alone had acknowledged was brought again by its author, who keeps it until a quorum has it',
    )
    if (ada.network === undefined) await ada.start()
    for (const one of shared.members) one.reach = url => url
    findings.after(
      await scene.comes(() => ada.hostedBy === bo.hostedBy && ada.official >= bo.official - 8),
      'ada is back, and follows',
    )
    const agreed = await shared.agree(scene, bo.book.size)
    findings.after(agreed !== undefined, `all four have one state digest at ${agreed?.size} entries`)
  },
}

async function stated(shared: SharedNetwork, author: Member, name: string): Promise<Uint8Array> {
  const entry = await shared.statement(author, 'model', modelBody(name))
  await author.registry.submitter.submit(entry)
  return entry
}

/** The host can be spoken to, and neither asks anyone nor shows what it has. */
function isolate(host: Member, others: readonly Member[]): void {
  host.reach = () => undefined
  for (const one of others)
    one.reach = url => (url.startsWith(host.url) && !url.endsWith('/registry/statements') ? undefined : url)
}
