/** The process dies in the middle of a commit, again and again. */
import { parsePolicy, parseTlogProof } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { AuditedLog } from './auditor.ts'
import type { Answer } from './caller.ts'
import type { ChildGateway } from './child-gateway.ts'
import type { Drill } from './drill.ts'
import { MOMENTS, type Moment } from './held-disk.ts'
import { fetchReceipt, Holder, movedTo } from './holder.ts'
import { Load } from './load.ts'
import type { Scene } from './scene.ts'

const CALLERS = 8
/** Acknowledged before each kill. */
const LEAST_ANSWERS = 40
const DISCLOSURES = 5

const WRITTEN: Record<Moment, string> = {
  'half-a-batch': 'with half of a batch on disk',
  'batch-without-keys': 'with a batch on disk and not its keys',
  'keys-without-batch': 'with keys on disk and not their batch',
}

export const killInCommit: Drill = {
  name: 'kill-in-commit',
  title: 'the process is killed in the middle of a commit',
  fault: 'A gateway under load gets SIGKILL, several times, with a commit half written.',
  payer: 'Callers whose answers had not come: they ask again. Whoever has an answer has its record.',
  appeal:
    'A receipt that the log no longer continues is the log’s own signature against it, and any witness can be shown it.',
  notShown: [
    'What a power cut does to a disk that calls writes durable when they are not.',
    'Whether a call that broke off has a record: it may, and its caller cannot tell.',
  ],
  async run(scene) {
    const { findings } = scene
    const acknowledged: Answer[] = []
    const checkpoints = new Set<string>()
    let lost = 0
    let child = await scene.child('node')
    const holder = await holderOf(child.url)
    const moments: (Moment | undefined)[] = scene.inject ? [undefined, ...MOMENTS] : [undefined]
    let broken = 0
    let slowest = 0
    for (const moment of moments) {
      const load = new Load(child.url, CALLERS)
      await scene.comes(() => load.answers.length >= LEAST_ANSWERS)
      for (const note of await checkpointsSeen(child.url, load.answers.slice(-2))) checkpoints.add(note)
      if (scene.inject) {
        const killed = await killAt(scene, child, moment)
        await load.done
        slowest = Math.max(slowest, (load.brokeAt ?? killed) - killed)
        child = await scene.child('node')
      } else {
        load.stop()
        await load.done
      }
      broken += load.broken
      lost += await countLost(child.url, holder, load.answers)
      acknowledged.push(...load.answers)
    }
    findings.notice(
      broken > 0,
      `the callers whose ${broken} calls were under way`,
      'their connections broke before an answer with a receipt had come, so they know that they have none',
      slowest,
    )
    if (scene.inject)
      findings.now(
        true,
        `the node was started again each time, and repaired nothing by hand: ${moments.length} of ${moments.length}`,
      )
    lost += await countLost(child.url, holder, acknowledged)
    findings.after(
      lost === 0,
      `all ${acknowledged.length} answers that callers had got have their records: every receipt checks, its ${DISCLOSURES} disclosures open, and the bytes are those that came`,
    )
    const { url } = child
    const last = await AuditedLog.read(url, holder.policy)
    findings.after(
      (await scene.comes(
        async () => (await AuditedLog.read(url, holder.policy)).checkpoint.size >= acknowledged.length,
      )) && [...checkpoints].every(note => last.continues(note)),
      `the tree, read whole, is a continuation of all ${checkpoints.size} checkpoints seen before the kills`,
    )
    const newest = movedTo(url, acknowledged.at(-1)!.link!)
    findings.after(
      await scene.comes(async () => holder.worth(await fetchReceipt(newest)) === 'witnessed'),
      'the witnesses cosigned it, each of which remembers what it saw before',
    )
  },
}

/** Kills the process, and resolves with when, on the monotonic clock. */
async function killAt({ findings }: Scene, child: ChildGateway, moment: Moment | undefined): Promise<number> {
  if (moment !== undefined) await child.hold(moment)
  findings.inject(
    moment === undefined
      ? `SIGKILL at some moment under the load of ${CALLERS} callers`
      : `SIGKILL in the middle of a commit, ${WRITTEN[moment]}`,
  )
  const killed = performance.now()
  await child.kill()
  return killed
}

async function holderOf(url: string): Promise<Holder> {
  const { policy } = (await (await fetch(`${url}/trust`)).json()) as { policy: string }
  return new Holder(parsePolicy(policy, nodeSuite))
}

/** The published checkpoint, and the newer ones that receipts bring. */
async function checkpointsSeen(url: string, answers: readonly Answer[]): Promise<string[]> {
  const notes = [await (await fetch(`${url}/log/checkpoint`)).text()]
  for (const { link } of answers) notes.push(parseTlogProof((await fetchReceipt(link!)).proof).checkpoint)
  return notes
}

/** How many of these have no whole record any more. */
async function countLost(url: string, holder: Holder, answers: readonly Answer[]): Promise<number> {
  let lost = 0
  for (let at = 0; at < answers.length; at += CALLERS) {
    const some = answers.slice(at, at + CALLERS).map(answer => isWhole(url, holder, answer))
    lost += (await Promise.all(some)).filter(whole => !whole).length
  }
  return lost
}

async function isWhole(url: string, holder: Holder, { link, request, response }: Answer): Promise<boolean> {
  const receipt = await fetchReceipt(movedTo(url, link!)).catch(() => undefined)
  if (receipt === undefined) return false
  const { claims, compared, disclosed } = holder.checkUnwitnessed(receipt, { request, response })
  return (
    claims.recorded.result === 'pass' &&
    compared.request === 'same' &&
    compared.response === 'same' &&
    Object.keys(disclosed).length === DISCLOSURES
  )
}
