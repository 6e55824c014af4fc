/** A byte on a stopped node's disk is not what it was. */
import { errorCode } from '@answerable/core'
import type { Receipt } from '@answerable/core/receipt'
import { AuditedLog } from './auditor.ts'
import { askEach } from './caller.ts'
import type { Drill } from './drill.ts'
import { fetchReceipt, movedTo } from './holder.ts'
import type { Scene, Throwaway } from './scene.ts'
import { FIRST_LOG } from './settings.ts'
import { flipContent, flipHash, flipStatement, storedStatement } from './tamper.ts'

/** The record that is altered: neither the first nor the last. */
const TARGET = 1
const CALLS = 4

interface Held {
  link: string
  receipt: Receipt
}

export const flippedByte: Drill = {
  name: 'flipped-byte',
  title: 'a byte on the disk is flipped',
  fault: 'While the node is stopped, someone alters one byte of what it stored.',
  payer:
    'The operator: what was altered can no longer be shown from this disk, and the receipts that were handed out stand.',
  appeal:
    'Restore the named file from a copy and start again; the holder’s own receipt shows what the record was.',
  notShown: [
    'Who altered it.',
    'A flip in a record that nobody fetches, with its checksum repaired: it waits there until someone asks, or until the segments are read against the log.',
  ],
  async run(scene) {
    const { findings } = scene
    const held = await prepare(scene)
    // As before anything was altered: the same trust judges all that follows.
    const { holder, network } = await scene.network('node')
    await network.close()
    const flip = async (folder: string, what: string, tamper: (log: string) => Promise<void>) => {
      await scene.copy('node', folder)
      if (!scene.inject) return
      await tamper(scene.path(folder, FIRST_LOG))
      findings.inject(what)
    }

    await flip('plain', 'a bit of a stored statement, checksum left', log =>
      flipStatement(log, TARGET, 'left'),
    )
    const damaged = await refusal(scene, 'plain')
    findings.notice(
      damaged?.includes('00000000.seg') === true,
      'the start',
      `it refuses and names the file: ${damaged}`,
    )

    await flip('last', 'the same in the newest record', log => flipStatement(log, CALLS - 1, 'left'))
    const short = await refusal(scene, 'last')
    findings.notice(
      short !== undefined,
      'the start',
      `the record now looks like a torn write, but the published checkpoint holds it: ${short}`,
    )

    await flip('leaf', 'a bit of a leaf hash in the tiles', log => flipHash(log, 'level-0', TARGET))
    const rootless = await refusal(scene, 'leaf')
    findings.notice(rootless !== undefined, 'the start', `it refuses: ${rootless}`)
    findings.now(
      damaged !== undefined && short !== undefined && rootless !== undefined,
      'the node did not start, so nothing was answered or signed on top of what was altered',
    )

    await flip('repaired', 'a bit of a stored statement, checksum repaired', log =>
      flipStatement(log, TARGET, 'repaired'),
    )
    const statement = await storedStatement(scene.path('repaired', FIRST_LOG), TARGET)
    const { recorded } = holder.check({ ...held[TARGET]!.receipt, statement }).claims
    findings.notice(
      recorded.result === 'fail' && recorded.reason === 'not-included',
      'the holder',
      `a receipt with what the disk says now fails: recorded, ${recorded.reason}`,
    )
    await withNetwork(scene, 'repaired', async ({ url }) => {
      const refused = await reasonOf(fetchReceipt(movedTo(url, held[TARGET]!.link)))
      findings.notice(
        refused?.includes('corrupt') === true,
        'the gateway, when it is asked for that record',
        `the log holds another statement there, so none is given out: ${refused}`,
      )
      const others = await Promise.all(
        held.filter((_, i) => i !== TARGET).map(({ link }) => fetchReceipt(movedTo(url, link))),
      )
      findings.now(
        others.every(other => holder.worth(other) === 'witnessed'),
        `only that record is hit: the receipts of the ${others.length} others still check`,
      )
      const audit = await reasonOf(AuditedLog.read(url, holder.policy))
      findings.after(
        audit === undefined,
        'the log, read whole, still holds the true statement’s digest against the file',
      )
    })

    await flip('content', 'a bit of the stored content, checksum repaired', log =>
      flipContent(log, TARGET, 'repaired'),
    )
    await withNetwork(scene, 'content', async ({ url }) => {
      const link = movedTo(url, held[TARGET]!.link)
      const refused = await reasonOf(fetchReceipt(link))
      findings.notice(
        refused?.includes('corrupt') === true,
        'the gateway',
        `the content does not open under its key, so none is given out: ${refused}`,
      )
      const open = await fetchReceipt(link.slice(0, link.indexOf('#'))).catch(() => undefined)
      findings.now(
        open !== undefined && holder.worth(open) === 'witnessed',
        'the public part of that receipt, without its content, is still served and still checks',
      )
    })

    await flip('entries', 'a bit of an entry as it is published', log => flipHash(log, 'entries', TARGET))
    await withNetwork(scene, 'entries', async ({ url }) => {
      const audit = await reasonOf(AuditedLog.read(url, holder.policy))
      findings.notice(audit !== undefined, 'an auditor', `who reads the log whole: ${audit}`)
    })

    findings.after(
      held.every(({ receipt }) => holder.worth(receipt) === 'witnessed'),
      `all ${held.length} receipts that had been handed out check from the holder’s copies, without the node`,
    )
  },
}

/** A node with some witnessed records, stopped, and the receipts that were handed out. */
async function prepare(scene: Scene): Promise<Held[]> {
  const { network, url, holder } = await scene.network('node')
  const prompts = Array.from({ length: CALLS }, (_, i) => `question ${i}`)
  const links = (await askEach(url, prompts)).map(({ link }) => link!)
  const newest = links.at(-1)!
  await scene.comes(async () => holder.worth(await fetchReceipt(newest)) === 'witnessed')
  const held: Held[] = []
  for (const link of links) held.push({ link, receipt: await fetchReceipt(link) })
  await network.close()
  return held
}

/** Why a network does not start, or undefined where it does. */
async function refusal(scene: Scene, folder: string): Promise<string | undefined> {
  try {
    const { network } = await scene.network(folder)
    await network.close()
    return undefined
  } catch (error) {
    return `${errorCode(error)}, ${(error as Error).message.replaceAll(scene.path(), '')}`
  }
}

/** Why something was refused, or undefined where it was not. */
function reasonOf(attempt: Promise<unknown>): Promise<string | undefined> {
  return attempt.then(
    () => undefined,
    (error: Error) => error.message,
  )
}

async function withNetwork(
  scene: Scene,
  folder: string,
  act: (throwaway: Throwaway) => Promise<void>,
): Promise<void> {
  const throwaway = await scene.network(folder)
  await act(throwaway)
  await throwaway.network.close()
}
