/** A validator signs what the entries do not come to. */
import type { Drill } from './drill.ts'

export const wrongStateDigest: Drill = {
  name: 'wrong-state-digest',
  title: 'a validator signs two state digests',
  fault:
    'A validator signs a digest of a state that nobody else has, then the right one, then another for the same size.',
  payer: 'The validator: its own signatures contradict the log and each other. (Bonds come later.)',
  appeal:
    'None against one’s own signature. One whose software was wrong mends it, and its next digest counts again.',
  notShown: [
    'A quorum of validators that sign the same wrong digest: each reader who replays sees it, and nobody who does not.',
    'Why it was wrong: a fault and a lie look the same.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [ada, bo, cy] = shared.members
    // Its process is stopped, so that what follows is signed by its keys and not by its software.
    await cy.stop()
    const due = await shared.agree(scene, ada.book.size + 1)
    if (due === undefined) throw new Error('no state digest fell due')
    const { size, digest } = due
    const signs = async (value: string) =>
      shared.stamped(cy, await shared.statement(cy, 'state-digest', { size, digest: value }, 'validator'))
    const wrong = scene.inject ? await signs('00'.repeat(32)) : await signs(digest)
    if (scene.inject) findings.inject(`cy signed a wrong digest for ${size} entries`)
    const ruleOf = (statement: string) => shared.outcome(statement)?.rule
    findings.notice(
      await scene.faultShows(() => ruleOf(wrong) === 'wrong-digest'),
      'ada, bo and dee, who have the digest of their own replay',
      `entry ${shared.outcome(wrong)?.index}: void, wrong-digest`,
    )
    const right = scene.inject ? await signs(digest) : wrong
    const second = scene.inject ? await signs('11'.repeat(32)) : right
    if (scene.inject) findings.inject(`cy signed the right one, and then another for the same ${size}`)
    findings.notice(
      await scene.faultShows(() => ruleOf(second) === 'two-digests'),
      'ada, bo and dee',
      `entry ${shared.outcome(second)?.index}: void, two-digests; both are signed by cy’s own key`,
    )
    if (!scene.inject) return
    findings.now(
      shared.running.every(({ state }) => state.digests.get(size)?.get('cy') === digest),
      'only what their replays came to counts as cy’s word',
    )
    const stamped = [wrong, second].map(one => bo.state.handIns.get(one)?.done ?? null)
    findings.now(
      stamped.every(done => done !== null),
      'cy had stamped them itself, so the host took them in: the evidence is in the log, not in somebody’s mail',
    )
    const official = bo.official
    findings.after(
      await scene.comes(() => shared.running.every(one => one.official > official)),
      'the other three are a quorum, and the log goes on',
    )
    await cy.start()
    const next = await shared.agree(scene, ada.book.size + 1)
    const said = () =>
      shared.running.every(({ state }) => state.digests.get(next!.size)?.get('cy') === next!.digest)
    findings.after(
      next !== undefined && (await scene.comes(said)),
      `with its own software again, cy’s digest for ${next?.size} entries is effective`,
    )
  },
}
