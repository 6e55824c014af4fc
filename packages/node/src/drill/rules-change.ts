/** The rules change under a network that runs. */
import { Registry } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import type { Drill } from './drill.ts'
import type { Member } from './member.ts'
import { digestOf, replayed, type SharedNetwork } from './shared-network.ts'

/** Ticks so close that version 2 forbids the second, and version 1 does not. */
const APART_MS = 100
/** The network is founded under the version before it. */
const LATER = 2
const AHEAD_MS = 15_000

export const rulesChange: Drill = {
  name: 'rules-change',
  title: 'the rules change in a running network',
  fault:
    'Both chambers agree on other rules from a size on, while a validator does what the old allowed and the new forbid.',
  payer: 'The validator that ticks too often: its statements are void from then on.',
  appeal: 'Another proposal, and both chambers: rules change forward, and no entry is judged twice.',
  notShown: [
    'A member whose software lacks the new rules: it stops at the first entry under them, and says which to install.',
    'That the new rules are better.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners({ rules: LATER - 1 })
    const [ada, bo, , dee] = shared.members
    const before = await shared.agree(scene, ada.book.size)
    const allowed = await twoTicks(shared, dee)
    const at = ada.book.size + 20
    if (scene.inject) {
      const { digest } = await ada.states('proposal', { action: 'amend', rules: LATER, at })
      await scene.comes(() => bo.state.proposals.has(digest) && dee.state.proposals.has(digest))
      for (const one of [ada, bo, dee]) await one.states('approval', { of: digest })
      findings.inject(`ada, bo and dee approved version ${LATER} from entry ${at} on`)
    }
    findings.now(
      await scene.comes(() => shared.outcome(allowed)?.effective === true),
      'under version 1 two ticks of one validator, a tenth of a second apart, both count',
    )
    await shared.agree(scene, at + 1)
    const changed = await scene.faultShows(() => shared.running.every(({ state }) => state.rules === LATER))
    const forbidden = await twoTicks(shared, dee)
    findings.notice(
      (await scene.faultShows(() => shared.outcome(forbidden)?.rule === 'tick-too-soon')) && changed,
      'ada, bo, cy and dee, each at the same entry',
      `from entry ${at} on the same two ticks: the second is entry ${shared.outcome(forbidden)?.index}, void, tick-too-soon`,
    )
    if (!scene.inject) return
    findings.after(
      before !== undefined,
      `they had one state digest at ${before?.size} entries, under version 1`,
    )
    const after = await shared.agree(scene, ada.book.size + 1)
    findings.after(after !== undefined, `and have one at ${after?.size}, under version ${bo.state.rules}`)
    const again = await Promise.all(
      [before, after].map(async one => one !== undefined && (await replayed(bo, one.size)) === one.digest),
    )
    findings.after(
      again.every(held => held),
      'a replay from the beginning comes to both digests: the old entries are judged by the old rules',
    )
    const switched = await firstUnder(bo, LATER)
    findings.after(
      switched === at || !scene.inject,
      `in that replay version ${LATER} begins at entry ${switched}, as was agreed`,
    )
  },
}

/** Two ticks of a validator that follow one another too soon. Resolves with the second's digest. */
async function twoTicks(shared: SharedNetwork, validator: Member): Promise<string> {
  // Ahead of what its own process says meanwhile, so that neither is overtaken by a tick in between.
  const last = shared.members[0].state.ticks.get(validator.membership.ownerGroup) ?? 0
  const at = Math.max(Date.now(), last) + AHEAD_MS
  const tick = (time: number) =>
    shared.statement(validator, 'tick', { at: new Date(time).toISOString() }, 'validator')
  await shared.members[0].client.submit(await tick(at))
  const second = await tick(at + APART_MS)
  await shared.stamped(validator, second)
  return digestOf(second)
}

/** How many entries a member's copy has before the first that is judged by these rules. */
async function firstUnder({ book }: Member, version: number): Promise<number | undefined> {
  const registry = new Registry(nodeSuite)
  for (const entry of await book.entries(0, book.log.signed.size)) {
    if (registry.state.rules === version) return registry.size
    registry.append(entry)
  }
  return undefined
}
