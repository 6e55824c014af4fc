/** A validator is killed, and comes back behind. */
import type { Drill } from './drill.ts'
import { digestOf } from './shared-network.ts'

const WITNESS = 'eve/witness-1'
const MISSED = 40

export const lateValidator: Drill = {
  name: 'late-validator',
  title: 'a validator is killed, and falls behind',
  fault:
    'One of five validators, in a process of its own, is killed; the registry grows; then it is started again.',
  payer: 'The validator: links of the beacon that it did not reveal are counted against it.',
  appeal: 'None is needed: whoever comes back takes up where things stand.',
  notShown: [
    'Two of five validators that are gone at once: then no quorum is left, answers go on and clocks stand still.',
    'A validator whose folder was lost: it needs new keys, and an application.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [ada, bo, cy] = shared.members
    const eve = scene.childMember('eve')
    const application = await eve.apply(shared.id, ada)
    await ada.client.submit(application)
    for (const one of [ada, bo, cy]) {
      await scene.comes(() => one.state.applications.has(digestOf(application)))
      await one.states('approval', { of: digestOf(application) }).catch(() => undefined)
    }
    const witness = () => ada.registry.witnessStatus.find(({ name }) => name === WITNESS)
    const lastTick = () => ada.state.ticks.get('eve') ?? Number.POSITIVE_INFINITY
    const joined = await scene.comes(() => witness()?.up === true && ada.state.ticks.has('eve'))
    if (!joined) throw new Error('eve did not join')
    const five = () => shared.members.every(({ registry }) => registry.policy.witnesses.length === 5)
    findings.now(await scene.comes(five), 'eve had joined: its witness counts with all four others')

    if (scene.inject) {
      await eve.kill()
      findings.inject(`the process of eve was killed, and ${MISSED} statements were made without it`)
    }
    for (let i = 0; i < MISSED; i++) await ada.states('member', { hosting: 'own' })
    const end = ada.book.size
    findings.notice(
      await scene.faultShows(() => witness()?.up === false),
      'ada, the host',
      `the witness ${WITNESS} does not answer: ${witness()?.lastError?.code}`,
    )
    const behind = () => ada.state.time - lastTick()
    findings.notice(
      await scene.faultShows(() => behind() > 2500),
      'everyone, from the entries',
      `eve’s last tick is ${Math.round(behind() / 1000)} s behind the time that the others keep`,
    )
    if (!scene.inject) return
    findings.now(
      await scene.comes(() => shared.members.every(({ official }) => official >= end)),
      'four of five are a quorum: the registry grew on as before, and nobody’s deadline was put off',
    )

    const back = Date.now()
    const since = performance.now()
    if (!eve.alive) await eve.start()
    const caughtUp = await scene.comes(async () => (await eve.summary()).official >= end)
    findings.after(
      caughtUp,
      `back after ${Math.round(performance.now() - since)} ms with all ${end} entries, which it replayed itself`,
    )
    findings.after(
      await scene.comes(() => lastTick() > back && lastTick() < Number.POSITIVE_INFINITY),
      'it ticks again',
    )
    findings.after(
      await scene.comes(() => ada.registry.mirror.official?.note.includes(`— ${WITNESS} `) ?? false),
      'its witness cosigns again: the newest official checkpoint carries its line',
    )
    const agreed = await shared.agree(scene, ada.book.size + 1)
    findings.after(
      agreed !== undefined &&
        (await scene.comes(() => ada.state.digests.get(agreed.size)?.get('eve') === agreed.digest)),
      `it signed the state digest for ${agreed?.size} entries, the same as the others`,
    )
  },
}
