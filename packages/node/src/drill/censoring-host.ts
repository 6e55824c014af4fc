/** A host that takes everything in but what it does not like. */
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import type { Drill } from './drill.ts'
import { digestOf, lastMove, modelBody } from './shared-network.ts'

export const censoringHost: Drill = {
  name: 'censoring-host',
  title: 'the host leaves a statement out',
  fault: 'The host says “come again” to one member’s statements about models, and takes all others.',
  payer: 'The host: it hosts no longer, and the reason stands in the log, signed by those who moved it.',
  appeal: 'A host that was moved may host again under a fresh key, when the next one is moved.',
  notShown: [
    'A statement that nobody hands to a validator: a refusal that only its author saw proves nothing.',
    'Who is right where the host and a quorum disagree about the time: the deadline runs on each validator’s clock.',
  ],
  async run(scene) {
    const { findings } = scene
    const shared = await scene.owners()
    const [ada, bo, cy, dee] = shared.members
    const others = [bo, cy, dee]
    const submit = ada.registry.host.submit.bind(ada.registry.host)
    if (scene.inject) {
      await shared.amend(scene, { handInSeconds: 2 })
      ada.registry.host.submit = entry => {
        const { kind } = parseRegistryPayload(openEntry(entry).payload)
        if (kind !== 'model') return submit(entry)
        return Promise.reject(new AnswerableError('too-many-requests', 'come again'))
      }
      findings.inject('ada, the host, takes no more statements about models')
    }
    const entry = await shared.statement(dee, 'model', modelBody('unwanted'))
    const answer = await dee.registry.submitter.submit(entry).then(() => '', String)
    findings.notice(answer.includes('come again'), 'dee, whose statement it is', `the host says: ${answer}`)
    const digest = digestOf(entry)
    if (scene.inject) await bo.registry.validator.handIn(entry)
    await scene.faultShows(() => others.every(({ hostedBy }) => hostedBy !== 'ada'))
    const move = await lastMove(bo)
    findings.notice(
      move !== undefined &&
        /^censoring/.test(move.reason) &&
        others.every(({ id }) => move.signers.includes(id)),
      'bo, cy and dee, who know of bo’s stamp',
      `two seconds over the deadline each signed the move of the host: ${move?.reason}`,
    )
    if (!scene.inject) return
    findings.now(
      others.every(({ state }) => state.members.get('ada')!.status === 'active'),
      'ada is still a member: it lost the log, and no say',
    )
    findings.after(
      await scene.comes(() => others.every(({ book }) => book.find(digest)?.effective)),
      `the statement is in the log, effective, as entry ${bo.book.find(digest)?.index}`,
    )
    findings.after(
      await scene.comes(() => others.every(({ official }) => official > bo.book.find(digest)!.index)),
      `${bo.hostedBy} hosts, and a quorum has seen it`,
    )
    ada.registry.host.submit = submit
    findings.after(
      await scene.comes(() => ada.hostedBy === bo.hostedBy && ada.book.find(digest)?.effective === true),
      'ada follows the new host, and has the statement in its own copy',
    )
  },
}
