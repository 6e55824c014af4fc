/** A data folder comes back from an old copy. */
import { cp, readdir, rm } from 'node:fs/promises'
import { equal } from '@answerable/core'
import type { Receipt } from '@answerable/core/receipt'
import { parseSuccessor, type SuccessorStatement } from '@answerable/core/statement'
import { openCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { type Answer, ask, askEach } from './caller.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt, type Holder, movedTo } from './holder.ts'
import type { Scene, Throwaway } from './scene.ts'

export const restoredSnapshot: Drill = {
  name: 'restored-snapshot',
  title: 'the node comes back from an old copy',
  fault: 'The data folder is copied, the node answers more, and later the old copy is put back and started.',
  payer:
    'The operator: the lost records cannot be shown from here, and their holders’ copies prove that they were.',
  appeal:
    'None is needed against the proof; an operator who has the newer folder puts it back before the start.',
  notShown: [
    'A copy that takes the witnesses’ own memories along, as one folder of a local network would: then nobody is left who saw more, except holders of receipts.',
    'Records that no witness had seen when they were lost: only their holders can show those.',
  ],
  async run(scene) {
    const { findings } = scene
    const first = await scene.network('node')
    const old = await answerAndHold(scene, first, ['one', 'two', 'three'])
    await first.network.close()
    await scene.copy('node', 'copy')
    const second = await scene.network('node')
    const tail = await answerAndHold(scene, second, ['four', 'five'])
    const { published } = second.network.gateway.store.log
    const { origin } = second.network.gateway.store.log
    await second.network.close()

    if (scene.inject) {
      await putBack(scene)
      findings.inject(`a copy from before the last ${tail.length} records was put back, and started`)
    }
    const third = await scene.network('node')
    const { gateway } = third.network
    const { store } = gateway
    // The registry is an old copy as well, and says so by itself.
    const told = third.reports.find(event => event.includes('this folder is an old copy'))
    findings.notice(told !== undefined, 'the start, which asks the witnesses', `${told}`)
    const { predecessor } = gateway.options
    findings.now(
      store.log.origin !== origin,
      `a new log continues: ${store.log.origin.replace(/^[^/]*/, '…')}`,
    )
    const bound = await successorOf(third)
    findings.now(
      bound !== undefined &&
        bound.predecessor.origin === origin &&
        bound.predecessor.size === published.size &&
        equal(Buffer.from(bound.predecessor.root, 'hex'), published.root),
      `its first entry binds it to the last checkpoint that the witnesses saw of the old one: ${published.size} entries, with the root`,
    )
    findings.now(
      isEvidence(third, predecessor),
      'that checkpoint is kept, signed by the log’s own key: nobody’s word is needed that more was there',
    )

    findings.after(
      old.every(({ receipt }) => third.holder.worth(receipt) === 'witnessed'),
      `${old.length} receipts from before the copy check from their holders’ copies`,
    )
    const served = await Promise.all(old.map(({ link }) => fetchReceipt(movedTo(third.url, link))))
    findings.after(
      served.every(receipt => third.holder.worth(receipt) === 'witnessed'),
      'and are still served, from the old log, which takes no more records',
    )
    const gone = await Promise.all(
      tail.map(({ link }) => fetchReceipt(movedTo(third.url, link)).then(() => '', String)),
    )
    findings.after(
      gone.every(message => message.includes('404')),
      `the ${tail.length} lost records are no longer served (status 404)`,
    )
    findings.after(
      tail.every(({ receipt, answer }) => worthTo(second.holder, receipt, answer) === 'witnessed'),
      `their receipts check all the same, from the copies their holders kept`,
    )
    const next = await ask(third.url, { prompt: 'six' })
    findings.after(
      await scene.comes(
        async () => worthTo(third.holder, await fetchReceipt(next.link!), next) === 'witnessed',
      ),
      'answers go on under the new log, and are witnessed',
    )
    await third.network.close()
    const fourth = await scene.network('node')
    findings.after(
      fourth.network.gateway.store.log.origin === store.log.origin,
      'the next start goes on with that log: the old copy is dealt with once',
    )
  },
}

interface Held {
  link: string
  answer: Answer
  receipt: Receipt
}

/** Answers, waits for the witnesses, and lets each holder keep a receipt. */
async function answerAndHold(scene: Scene, { url, holder }: Throwaway, prompts: string[]): Promise<Held[]> {
  const held: Held[] = []
  for (const answer of await askEach(url, prompts)) {
    const link = answer.link!
    await scene.comes(async () => holder.worth(await fetchReceipt(link)) === 'witnessed')
    held.push({ link, answer, receipt: await fetchReceipt(link) })
  }
  return held
}

function worthTo(holder: Holder, receipt: Receipt, { request, response }: Answer) {
  return holder.worth(receipt, { request, response })
}

/** Puts the copy back over all but the witnesses, who are other people’s machines in earnest. */
async function putBack(scene: Scene): Promise<void> {
  for (const name of await readdir(scene.path('copy'))) {
    if (/^witness-|^lock$/.test(name)) continue
    await rm(scene.path('node', name), { recursive: true })
    await cp(scene.path('copy', name), scene.path('node', name), { recursive: true })
  }
}

/** The statement that a log begins with, where it continues for another. */
async function successorOf({ network }: Throwaway): Promise<SuccessorStatement | undefined> {
  for await (const { statement } of network.gateway.store.storage.scan(0)) {
    try {
      return parseSuccessor(statement)
    } catch {
      return undefined
    }
  }
  return undefined
}

/** Whether the network kept a checkpoint of the old log, signed by its key, of more than is here. */
function isEvidence({ network, holder }: Throwaway, predecessor: unknown): boolean {
  const note = (predecessor as { note?: string } | undefined)?.note
  if (note === undefined) return false
  const keys = holder.policy.logs.map(({ key }) => key)
  return openCheckpoint(note, keys, nodeSuite).checkpoint.size > network.gateway.store.log.signed.size
}
