/** Two statements that cannot both be, handed to two validators at once. */
import type { Drill } from './drill.ts'
import { digestOf, modelBody } from './shared-network.ts'

export const conflictingHandIns: Drill = {
  name: 'conflicting-hand-ins',
  title: 'two statements contradict each other',
  fault:
    'A publisher signs two manifests for one version of a model, and hands each to another validator, neither to the host.',
  payer: 'The publisher: both of its signatures are in the log, one of them on a statement that is void.',
  appeal: 'A publisher that meant the other one withdraws this version and states a new one.',
  notShown: [
    'Which of the two its publisher meant: the log’s order decides, and the host chose that.',
    'That anybody who was shown one of the two outside the log learns of the other.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [, bo, cy, dee] = shared.members
    const one = await shared.statement(dee, 'model', modelBody('twice', '1', 'aa'.repeat(32)))
    const other = await shared.statement(
      dee,
      'model',
      modelBody('twice', scene.inject ? '1' : '2', 'bb'.repeat(32)),
    )
    const hand = (validator: typeof bo, entry: Uint8Array) =>
      validator.client.post('/validator/hand-ins', Buffer.from(entry).toString())
    const stamps = (await Promise.all([hand(bo, one), hand(cy, other)])) as { stamp?: string }[]
    if (scene.inject) findings.inject('dee’s two statements were handed to bo and cy at the same moment')
    findings.now(
      stamps.every(({ stamp }) => stamp !== undefined),
      'both were stamped: each alone was in order, so the host must take both',
    )
    const digests = [digestOf(one), digestOf(other)]
    const outcomes = () => digests.map(digest => shared.outcome(digest))
    const isVoid = await scene.faultShows(() => {
      const all = outcomes()
      return all.filter(o => o?.effective).length === 1 && all.some(o => o?.rule === 'name-taken')
    })
    const [first, second] = outcomes().toSorted((a, b) => (a?.index ?? 0) - (b?.index ?? 0))
    findings.notice(
      isVoid && first?.effective === true,
      'ada, bo, cy and dee, each replaying',
      `entry ${first?.index} is effective, entry ${second?.index} void: name-taken`,
    )
    if (!scene.inject) return
    await scene.comes(() => outcomes().every(o => o !== undefined))
    const handIns = () =>
      digests.map(digest => shared.running.map(({ state }) => state.handIns.get(digest)?.done))
    findings.after(
      await scene.comes(() => handIns().every(all => all.every(done => typeof done === 'number'))),
      'both hand-ins are settled before their deadline: void by name is an answer too',
    )
    const manifest = first?.digest === digests[0] ? 'aa' : 'bb'
    findings.after(
      shared.running.every(({ state }) => state.models.get('twice@1')?.manifest === manifest.repeat(32)),
      'the same manifest is the model’s with all four',
    )
    const agreed = await shared.agree(scene, shared.members[0].book.size)
    findings.after(agreed !== undefined, `all four have one state digest at ${agreed?.size} entries`)
    findings.after(
      shared.running.every(({ hostedBy }) => hostedBy === 'ada'),
      'nobody moved the host, which did as it must',
    )
  },
}
