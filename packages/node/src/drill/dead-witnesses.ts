/** Witnesses go down, and come back. */
import type { Receipt } from '@answerable/core/receipt'
import { type Answer, ask, askEach } from './caller.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt } from './holder.ts'

const NAMES = ['witness-1', 'witness-2', 'witness-3']

export const deadWitnesses: Drill = {
  name: 'dead-witnesses',
  title: 'the witnesses cannot be reached',
  fault: 'First one of three witnesses is down, then all of them; later they return.',
  payer: 'Nobody: nothing that was acknowledged is lost.',
  appeal:
    'Ask for the receipt again: once a quorum is back the same record is witnessed. (Challenges over one that is not in time come with the registry’s rules.)',
  notShown: [
    'That the operator was honest while nobody watched: until a quorum returns, it alone could rewrite what is new.',
    'Witnesses that are up and lie.',
  ],
  async run(scene) {
    const { findings } = scene
    const { url, network, links, holder } = await scene.network('node')
    const isDown = async (names: readonly string[]) => {
      const { witnesses } = (await (await fetch(`${url}/status`)).json()) as Status
      return names.every(name => witnesses.some(one => one.name === name && !one.up))
    }
    const worth = async ({ link, request, response }: Answer) =>
      holder.worth(await fetchReceipt(link!), { request, response })
    await ask(url, { prompt: 'before' })
    await scene.comes(() => network.gateway.publisher.witnesses.every(({ up }) => up))

    if (scene.inject) {
      links.down.add(NAMES[0]!)
      findings.inject('the line to one witness of three was cut')
    }
    const [withTwo] = (await askEach(url, ['with two'])) as [Answer]
    const oneNoticed = await scene.faultShows(() => isDown(NAMES.slice(0, 1)))
    findings.notice(oneNoticed, 'the monitor', `/status says that ${NAMES[0]} is down`)
    const held = await scene.comes(async () => (await worth(withTwo)) === 'witnessed')
    const { witnesses = [] } = holder.check(await fetchReceipt(withTwo.link!)).record ?? {}
    findings.now(held, 'with two of three left the quorum holds: records are witnessed as before')
    findings.now(
      witnesses.every(({ name }) => name !== NAMES[0]),
      'the receipt names the witnesses that cosigned, and the one that was down is not among them',
    )

    if (scene.inject) {
      for (const name of NAMES) links.down.add(name)
      findings.inject('the lines to all three were cut')
    }
    const answers = await askEach(url, ['with none', 'still none'])
    answers.push(await ask(url, { prompt: 'a stream with none', stream: true }))
    const allNoticed = await scene.faultShows(() => isDown(NAMES))
    findings.notice(allNoticed, 'the monitor', '/status says that all three are down')
    const during: Receipt[] = []
    for (const { link } of answers) during.push(await fetchReceipt(link!))
    const reasons = during.map(receipt => holder.check(receipt).claims.recorded.reason)
    findings.notice(
      reasons.every(reason => reason === 'quorum-not-met'),
      'every reader',
      'under the policy offered, recorded is not-checked, quorum-not-met',
    )
    findings.now(
      answers.every(({ status, cutOff }) => status === 200 && !cutOff),
      `answers go on: ${answers.length} of ${answers.length}, one of them a stream`,
    )
    findings.now(
      during.every(receipt => holder.worth(receipt) !== 'nothing'),
      'their receipts are committed: durable, and under a checkpoint that the log signed',
    )
    const health = await fetch(`${url}/healthz`)
    findings.now(health.status === 200, 'the gateway calls itself healthy, for it can record')

    const back = performance.now()
    links.down.clear()
    const caughtUp = await scene.comes(async () => {
      const all = await Promise.all(answers.map(worth))
      return all.every(one => one === 'witnessed')
    })
    findings.after(
      caughtUp,
      `${Math.round(performance.now() - back)} ms after the witnesses returned the same ${answers.length} receipts were witnessed`,
    )
    const after = await Promise.all(answers.map(({ link }) => fetchReceipt(link!)))
    findings.after(
      after.every((receipt, i) => Buffer.compare(receipt.statement, during[i]!.statement) === 0),
      'their statements are the same, byte for byte: nothing was lost or written anew',
    )
  },
}

interface Status {
  witnesses: { name: string; up: boolean }[]
}
