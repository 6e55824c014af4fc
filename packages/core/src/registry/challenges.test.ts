/** Challenges: who may decide them, and what they may cost whom. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { addNode, approve, effective, propose, shown } from '../../test/registry-acts.ts'
import { toBase64 } from '../bytes.ts'
import { formatNote, parseNote, withSignatures } from '../note/index.ts'
import { cosign } from '../tlog/cosignature.ts'
import { consistencyProof } from '../tlog/range.ts'
import type { Challenge } from './index.ts'

const TERMS = { waitingSeconds: 0, epochSeconds: 120, challengeSeconds: 300 }

/** Five validators and an operator who is none; the operator's log holds a record that is challenged by ada. */
function accused(
  type: 'availability' | 'consistency',
  names = ['ada', 'bo', 'cy', 'dee', 'eve'],
  operator = new Owner('ops', ['operator']),
) {
  const world = new RegistryWorld([...names, ...(names.includes(operator.id) ? [] : [operator])], TERMS)
  const owners = new Map(world.founders.map(owner => [owner.id, owner]))
  const validators = world.founders.filter(({ roles }) => roles.includes('validator'))
  world.tick(60, validators)
  const ops = owners.get(operator.id)!
  const { log } = addNode(world, ops)
  const body = { type, ...shown(log, 'record') }
  const id = effective(world.state_('challenge', body, owners.get('ada')!)).digest!
  const challenge = (): Challenge => world.state.challenges.get(id)!
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds / 60; i++) world.tick(60, validators)
  }
  const vote = (member: string, opens: boolean) => {
    world.now++
    return world.state_('challenge-vote', { challenge: id, opens }, owners.get(member)!, 'validator')
  }
  return { world, log, ops, owners, validators, id, challenge, pass, vote, body }
}

test('a panel is drawn from a seed that nobody knew, and neither side sits on it', () => {
  const { world, challenge, pass, validators } = accused('availability')
  assert.deepEqual(challenge().panel, [])
  const { epoch } = challenge()
  while (world.state.epoch < epoch + 2) pass(60)
  assert.equal(challenge().panel.length, 3)
  assert.ok(!challenge().panel.includes('ada') && !challenge().panel.includes('ops'))
  assert.ok(challenge().due > world.state.clock, 'the panel has its full time')
  assert.equal(validators.length, 5)
})

test('a silent panel decides nothing; more than half of it does; a vote that it opens stands', () => {
  for (const votes of [
    [],
    [false],
    [true],
    [false, false],
    [true, true],
    [false, true, true],
    [false, false, true],
  ]) {
    const { world, challenge, pass, vote } = accused('availability')
    pass(360)
    const { panel } = challenge()
    for (const [i, opens] of votes.entries()) effective(vote(panel[i]!, opens))
    if (votes[0] === true && challenge().status === 'open')
      assert.equal(vote(panel[0]!, false).rule, 'given-before')
    pass(360)
    const open = votes.filter(Boolean).length
    const expected = open > 1 ? 'answered' : votes.length - open > 1 ? 'lost' : 'undecided'
    assert.equal(challenge().status, expected, votes.join())
    assert.equal(world.state.members.get('ops')!.status, expected === 'lost' ? 'suspended' : 'active')
    assert.equal([...world.state.openOf('challenge')].length, 0)
  }
})

test('those who leave the panel count no more, and one who found it closed may find it open', () => {
  const { world, challenge, pass, vote, owners } = accused('availability')
  pass(360)
  const [a, b, c] = challenge().panel as [string, string, string]
  effective(vote(a, false))
  effective(vote(b, false))
  effective(vote(a, true))
  effective(world.state_('leave', {}, owners.get(b)!))
  effective(vote(c, true))
  assert.equal(challenge().status, 'answered')
})

test('a validator keeps its seat, whoever withholds what it would answer with', () => {
  const { world, challenge, pass, ops, log } = accused('consistency', ['ada', 'bo', 'cy'], new Owner('bo'))
  pass(360)
  assert.equal(challenge().status, 'lost')
  assert.notEqual(world.state.logs.get(log.origin)!.silent, null)
  assert.equal(world.state.members.get(ops.id)!.status, 'active')
})

test('without neutral validators the accused’s word stands, and never the challenger’s own', () => {
  const { challenge, pass } = accused('availability', ['ada', 'bo'], new Owner('bo'))
  pass(360)
  assert.deepEqual(challenge().panel, ['bo'])
})

test('without any validator to ask it ends undecided', () => {
  const { world, challenge, pass } = accused('availability', ['ada'])
  pass(720)
  assert.deepEqual(challenge().panel, [])
  assert.equal(challenge().status, 'undecided')
  assert.equal(world.state.members.get('ops')!.status, 'active')
})

test('a consistency challenge is answered by a checkpoint that a quorum’s witnesses cosigned, and by nothing less', () => {
  const { world, log, ops, owners, id, challenge, body } = accused('consistency')
  const size = log.size
  log.fill(4)
  const proof = consistencyProof(size, log.size, (level, index) => log.node(level, index), suite).map(
    toBase64,
  )
  const text = log.checkpointText()
  const cosigned = (names: string[], purpose = 'witness') => {
    const signatures = names.map(name => cosign(text, owners.get(name)!.note(purpose), 1))
    return formatNote(withSignatures(parseNote(log.checkpoint()), signatures))
  }
  const answer = (checkpoint: string, by = ops, path = proof) => {
    world.now++
    return (
      world.state_('challenge-answer', { challenge: id, checkpoint, proof: path }, by).rule ?? 'effective'
    )
  }
  assert.equal(answer(log.checkpoint()), 'quorum-not-met')
  assert.equal(answer(cosigned(['ada', 'bo', 'cy'])), 'quorum-not-met')
  // One group twice is one group; keys of no validator are nobody's word.
  assert.equal(answer(cosigned(['ada', 'bo', 'cy', 'cy', 'ops'])), 'quorum-not-met')
  assert.equal(answer(cosigned(['ada', 'bo', 'cy', 'dee']), owners.get('ada')), 'not-yours')
  assert.equal(answer(cosigned(['ada', 'bo', 'cy', 'dee']), ops, []), 'bad-evidence')
  world.now++
  assert.equal(world.state_('challenge', body, owners.get('bo')!).rule, 'given-before')
  effective(
    world.state_(
      'revocation',
      {
        key: owners.get('dee')!.signer('witness').keyid,
        since: new Date(world.now).toISOString(),
        reason: 'x',
      },
      owners.get('dee')!,
    ),
  )
  assert.equal(answer(cosigned(['ada', 'bo', 'cy', 'dee'])), 'quorum-not-met')
  assert.equal(answer(cosigned(['ada', 'bo', 'cy', 'eve'])), 'effective')
  assert.equal(challenge().status, 'answered')
  assert.equal(answer(cosigned(['ada', 'bo', 'cy', 'eve'])), 'not-open')
})

test('terms that change meanwhile take nobody’s time away, and a removed operator’s challenge still ends', () => {
  const { world, challenge, pass, validators } = accused('availability')
  pass(300)
  const { due } = challenge()
  for (const terms of [{ challengeSeconds: 1 }, { panel: 1 }]) {
    const of = propose(world, { action: 'amend', terms, at: world.registry.size + 1 }, validators[0])
    approve(world, of)
  }
  assert.equal(challenge().due, due)
  approve(world, propose(world, { action: 'remove', member: 'ops' }, validators[0]))
  pass(600)
  assert.equal(challenge().status, 'undecided')
  assert.equal(world.state.members.get('ops')!.status, 'left')
})
