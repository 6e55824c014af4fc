/** A side lets the time for its move pass, and another moves out of turn. */
import type { JsonObject } from '@answerable/core'
import { AuditedNetwork } from './audited-network.ts'
import type { Drill } from './drill.ts'
import { needsCanonical } from './graphs.ts'
import { makesNoMove, swapped } from './lies.ts'
import type { Member } from './member.ts'
import { digestOf } from './shared-network.ts'

/** Long enough for an honest side on a busy machine. */
const MOVE_SECONDS = 5
const MADE_UP = 'ab'.repeat(32)

export const lateMoves: Drill = {
  name: 'late-moves',
  title: 'moves that come late, or out of turn',
  fault:
    'An operator whose record is disputed makes no move; the auditor makes one that is not hers to make.',
  payer: 'Whoever lets the time pass: here the operator, who thereby loses the dispute.',
  appeal: 'None by the rules yet. Time is registry time: while no quorum ticks, no deadline comes nearer.',
  notShown: [
    'Why no move came: a lost model file, a machine that is down and a bad conscience look alike.',
    'A host that leaves a move out: then it is handed to a validator (see censoring-host).',
  ],
  needs: needsCanonical,
  async run(scene) {
    const { findings } = scene
    const net = await AuditedNetwork.found(scene, {
      members: scene.inject ? { bo: { serve: swapped, audits: { moves: makesNoMove } } } : {},
      terms: { moveSeconds: MOVE_SECONDS },
    })
    const { ada, bo, audrey } = net.members
    const { link } = await net.decide()
    await net.finding()
    if (scene.inject) findings.inject('bo’s answer was not its model’s, and bo answers no dispute')
    await net.comes(() => !scene.inject || ada.state.disputes.size > 0)
    const [dispute] = net.disputes
    const move = { kind: 'commit', version: 1, root: MADE_UP, count: 49 }
    const tried = dispute && (await stamped(net, audrey, { dispute: dispute.digest, move }))
    findings.notice(
      tried?.rule === 'out-of-turn',
      'everyone who replays the registry',
      'audrey’s move while it was bo’s turn is void: out-of-turn, and changes nothing',
    )
    if (dispute === undefined) return
    const state = () => ada.state.disputes.get(dispute.digest)!
    findings.now(
      state().game?.rounds === 0 && state().game?.commitments.defender === undefined,
      `the game stands where it stood, and bo’s ${MOVE_SECONDS} s run on`,
    )
    const ended = await net.ended()
    findings.notice(
      ended?.game?.end?.kind === 'silence' && ended.game.end.by === 'defender',
      'everyone, by the registry’s clock',
      `no move of bo’s for ${MOVE_SECONDS} s of counted time`,
    )
    findings.after(
      ended?.wrong === 'defender' && ended.votes.length === 0,
      'the dispute is decided against bo without a panel: there is nothing to compute',
    )
    const late = await stamped(net, bo, { dispute: dispute.digest, move })
    findings.after(late.rule === 'not-open', 'bo’s move after that is void: not-open')
    const { claims } = await net.verify(link)
    findings.after(
      claims.output.result === 'fail' && /silence/.test(claims.output.sentence),
      `a reader is told: ${claims.output.sentence}`,
    )
  },
}

/** A move that a validator stamps, so that the host takes it in although a rule forbids it. */
async function stamped(
  net: AuditedNetwork,
  member: Member,
  body: JsonObject,
): Promise<{ rule: string | undefined }> {
  const { ada, cy } = net.members
  const entry = await member.statement(net.network, 'dispute-move', body)
  const digest = digestOf(entry)
  await ada.client.submit(await cy.statement(net.network, 'hand-in', { statement: digest }, 'validator'))
  await ada.client.submit(entry)
  await net.comes(() => cy.book.find(digest) !== undefined)
  return { rule: cy.book.find(digest)?.rule ?? undefined }
}
