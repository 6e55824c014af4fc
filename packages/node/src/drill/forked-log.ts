/** An operator shows one history to some and another to others. */

import { WitnessState } from '../witness/index.ts'
import { ask, askEach } from './caller.ts'
import type { Drill } from './drill.ts'
import { twoLeaves, twoRoots } from './fork-proof.ts'
import { fetchReceipt } from './holder.ts'
import type { Scene, Throwaway } from './scene.ts'
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
    if (scene.inject)
      findings.inject('a second tree of the same size, and a larger third, went to the witnesses')
    for (const { throwaway } of larger === undefined ? [equalSize] : [equalSize, larger])
      present(throwaway, main)

    const halted = (one: Copy | undefined) => one?.throwaway.network.gateway.store.log.halted
    await scene.faultShows(() => halted(equalSize) !== undefined && halted(larger) !== undefined)
    const haltedMs = findings.elapsedMs
    // The publisher stops at the first witness that refuses; an operator who means it goes on to the others.
    for (const copy of larger === undefined ? [] : [equalSize, larger]) await insist(copy)
    const { key } = main.network.gateway.options.signer
    const proven = WITNESSES.filter(name =>
      conflictsOf(scene.path('first', name)).some(
        ({ kind, origin, note, known }) =>
          kind === 'two-roots' && origin === key.name && twoRoots(note, known, key),
      ),
    )
    findings.notice(
      proven.length === WITNESSES.length && hasAnswer(equalSize, 409),
      `each of the ${WITNESSES.length} witnesses`,
      'refused the tree of the same size (status 409) and kept two checkpoints of one size with two roots, both signed by the log: proof for anyone, offline',
    )
    findings.notice(
      larger !== undefined && hasAnswer(larger, 422),
      'the same witnesses',
      'refused the larger tree, which does not continue what they cosigned (status 422)',
    )
    findings.notice(
      [equalSize, larger].every(one => halted(one)?.code === 'conflict'),
      'the copies’ own publishers',
      'found the log’s signature on what a witness holds and they do not continue, and halted',
      haltedMs,
    )
    const old = await fetchReceipt(seen[0]!.link!.replace(/^http:\/\/[^/]+/, main.url))
    findings.notice(
      twoLeaves(old, shown, key),
      'two callers',
      'comparing receipts: two statements proven at one index of one log, without any witness',
    )
    findings.now(
      equalSize.throwaway.reports.some(event => event.includes('is not the one that')),
      `their owner was told: ${equalSize.throwaway.reports[0]}`,
    )
    const refused = await ask(equalSize.throwaway.url, { prompt: 'and now?' })
    findings.after(refused.status === 503, 'a halted copy answers nothing more (status 503)')
    const again = await fetchReceipt(equalSize.links[0]!)
    const { reason } = main.holder.check(again).claims.recorded
    findings.after(
      reason === 'quorum-not-met',
      'receipts of the copy never become witnessed: recorded stays not-checked, quorum-not-met',
    )
    // Without the fault the copy is the log, moved: it has gone on already.
    const going = scene.inject ? main : equalSize.throwaway
    const { link } = await ask(going.url, { prompt: 'six' })
    findings.after(
      await scene.comes(async () => main.holder.worth(await fetchReceipt(link!)) === 'witnessed'),
      'the history that the witnesses saw goes on and is witnessed',
    )
  },
}

async function copies(scene: Scene): Promise<void> {
  await scene.copy('first', 'equal')
  await scene.copy('first', 'larger')
}

interface Copy {
  throwaway: Throwaway
  /** To its answers' receipts. */
  links: string[]
}

/** Runs a copy that no witness hears of, and lets it answer. */
async function secret(scene: Scene, folder: string, prompts: readonly string[]): Promise<Copy> {
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

/** Presents what a copy has signed to every witness, as often as it takes to be heard. */
async function insist({ throwaway }: Copy): Promise<void> {
  const { gateway, local } = throwaway.network
  const { log } = gateway.store
  for (const { client } of local) {
    await client.submit(log.signed.note, {
      size: () => log.signed.size,
      proof: (oldSize, newSize) => log.consistencyProof(oldSize, newSize),
    })
  }
}

function hasAnswer({ throwaway }: Copy, status: number): boolean {
  return WITNESSES.every(name =>
    throwaway.links.answers.some(answer => answer.witness === name && answer.status === status),
  )
}
