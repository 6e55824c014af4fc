/** An operator shows one history to some and another to others. */
import { ask, askEach } from './caller.ts'
import type { Drill } from './drill.ts'
import { twoLeaves, twoRoots } from './fork-proof.ts'
import { fetchReceipt } from './holder.ts'
import type { Scene, Throwaway } from './scene.ts'
import { WitnessState } from '../witness/index.ts'
import { WitnessLinks } from './witness-links.ts'

const WITNESSES = ['witness-1', 'witness-2', 'witness-3']

export const forkedLog: Drill = {
  name: 'forked-log',
  title: 'the operator signs a second history',
  fault:
    'An operator who has the log’s key grows a copy of the log differently and presents it to the same witnesses.',
  payer:
    'The operator: the proof names the log’s key and nobody else. (Suspension and bond come with the registry’s rules.)',
  appeal:
    'None against two roots under one’s own signature; an operator whose key was stolen says so by revoking it.',
  notShown: [
    'Which of the two histories is the true one: both are signed.',
    'A fork that is shown to no witness and to nobody who compares receipts.',
    'That three witnesses of one owner would hold against that owner.',
  ],
  async run(scene) {
    const { findings } = scene
    const first = await scene.network('first')
    await askEach(first.url, ['one', 'two', 'three'])
    await first.network.close()
    // With the fault the copies are from before what the witnesses see next; without it, from after.
    if (scene.inject) await copies(scene)
    const grown = await scene.network('first')
    const seen = await askEach(grown.url, ['four', 'five'])
    await witnessed(scene, grown, 5)
    await grown.network.close()
    if (!scene.inject) await copies(scene)
    const main = await scene.network('first')

    const equalSize = await secret(scene, 'equal', ['another four', 'another five'])
    const shown = await fetchReceipt(equalSize.links[0]!)
    findings.now(
      main.holder.worth(shown) === 'committed',
      'until then callers of the copy got answers, whose receipts are signed by the log and seen by no witness',
    )
    const larger = scene.inject ? await secret(scene, 'larger', ['4', '5', '6', '7']) : undefined
    if (scene.inject) findings.inject('a second tree of the same size, and a larger third, went to the witnesses')
    for (const { throwaway } of larger === undefined ? [equalSize] : [equalSize, larger])
      present(throwaway, main)

    const halted = (one: typeof larger) => one?.throwaway.network.gateway.store.log.halted
    await scene.faultShows(() => halted(equalSize) !== undefined && halted(larger) !== undefined)
    const afterMs = findings.elapsedMs
    const { key } = main.network.gateway.options.signer
    const conflicts = WITNESSES.flatMap(name => conflictsOf(scene.path('first', name)))
    const proofs = conflicts.filter(({ kind, note, known }) => kind === 'two-roots' && twoRoots(note, known, key))
    findings.notice(
      proofs.length === WITNESSES.length,
      `${proofs.length} of ${WITNESSES.length} witnesses`,
      `each refused (status ${statusesOf(equalSize, 409)}) and kept two checkpoints of one size with two roots, both signed by the log: proof for anyone, offline`,
      afterMs,
    )
    findings.notice(
      larger?.throwaway.links.answers.some(({ status }) => status === 422) === true,
      'the witnesses',
      'the larger tree does not continue theirs (status 422: wrong consistency proof)',
      afterMs,
    )
    const old = await fetchReceipt(seen[0]!.link!.replace(/^http:\/\/[^/]+/, main.url))
    findings.notice(
      twoLeaves(old, shown, key),
      'two callers',
      'comparing receipts: two statements proven at one index of one log, without any witness',
    )
    const halts = [equalSize, larger].map(one => halted(one)?.code)
    findings.now(
      halts.every(code => code === 'conflict'),
      'the copies’ own publishers saw the log’s signature on what the witnesses hold, and halted both',
    )
    findings.now(
      equalSize.throwaway.reports.some(event => event.includes('is not the one that')),
      `their owner was told: ${equalSize.throwaway.reports[0]}`,
    )
    const refused = await ask(equalSize.throwaway.url, { prompt: 'and now?' })
    findings.then(refused.status === 503, 'a halted copy answers nothing more (status 503)')
    const again = await fetchReceipt(equalSize.links[0]!)
    const { reason } = main.holder.check(again).claims.recorded
    findings.then(
      reason === 'quorum-not-met',
      'receipts of the copy never become witnessed: recorded stays not-checked, quorum-not-met',
    )
    const { link } = await ask(main.url, { prompt: 'six' })
    findings.then(
      await scene.comes(async () => main.holder.worth(await fetchReceipt(link!)) === 'witnessed'),
      'the history that the witnesses saw goes on and is witnessed',
    )
  },
}

async function copies(scene: Scene): Promise<void> {
  await scene.copy('first', 'equal')
  await scene.copy('first', 'larger')
}

/** Runs a copy that no witness hears of, and lets it answer. */
async function secret(scene: Scene, folder: string, prompts: readonly string[]) {
  const links = new WitnessLinks()
  for (const name of WITNESSES) links.down.add(name)
  const throwaway = await scene.network(folder, links)
  const answers = await askEach(throwaway.url, prompts)
  return { throwaway, links: answers.map(({ link }) => link!) }
}

function present({ links }: Throwaway, { network }: Throwaway): void {
  links.layTo(network)
  links.down.clear()
}

function witnessed(scene: Scene, { network }: Throwaway, size: number): Promise<boolean> {
  return scene.comes(() => network.gateway.publisher.witnesses.every(({ lastSize }) => lastSize === size))
}

function conflictsOf(folder: string) {
  const state = new WitnessState(`${folder}/witness.sqlite`)
  try {
    return state.conflicts()
  } finally {
    state.close()
  }
}

function statusesOf({ throwaway }: { throwaway: Throwaway }, wanted: number): string {
  return throwaway.links.answers.some(({ status }) => status === wanted) ? String(wanted) : 'none'
}
