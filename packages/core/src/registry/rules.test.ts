/** Every rule by its name: an entry that it forbids, which then changes nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import {
  addNode,
  amend,
  approve,
  chain,
  DIGEST,
  dump,
  effective,
  join,
  move,
  nextEpoch,
  propose,
  shown,
} from '../../test/registry-acts.ts'
import { utf8 } from '../bytes.ts'
import type { JsonObject } from '../shape.ts'
import { parseEnvelope } from '../statement/envelope.ts'
import { Registry, type Role, RULES, type Rule, registryPayload, signEnvelope } from './index.ts'

const FAR = 'f'.repeat(64)
const MODEL = { version: '1', manifest: DIGEST, licence: 'MIT', intendedUse: '', limits: '', format: 'onnx' }

interface Case {
  world: Pick<RegistryWorld, 'registry'>
  entry: Uint8Array
}

/** A network of three in which time runs. */
function network(terms = {}, rules = 1): { world: RegistryWorld; ada: Owner; bo: Owner; cy: Owner } {
  const roles: Role[] = ['operator', 'publisher', 'validator', ...(rules > 2 ? (['auditor'] as const) : [])]
  const founders = ['ada', 'bo', 'cy'].map(id => new Owner(id, roles))
  const world = new RegistryWorld(founders, { digestEvery: 16, waitingSeconds: 0, ...terms }, rules)
  const [ada, bo, cy] = world.founders as [Owner, Owner, Owner]
  world.tick()
  return { world, ada, bo, cy }
}

type Made = ReturnType<typeof network>

/** A statement by a member key of ada's, after what `before` does. */
function stated(
  kind: string,
  body: (made: Made) => JsonObject,
  before: (made: Made) => void = () => {},
): () => Case {
  return () => {
    const made = network()
    before(made)
    return {
      world: made.world,
      entry: made.world.entry(kind, body(made), made.ada, made.ada.signer('member')),
    }
  }
}

/** One by ada's validator key. */
function validated(
  kind: string,
  body: (made: Made) => JsonObject,
  before: (made: Made) => void = () => {},
): () => Case {
  return () => {
    const made = network()
    before(made)
    return {
      world: made.world,
      entry: made.world.entry(kind, body(made), made.ada, made.ada.signer('validator')),
    }
  }
}

const at = ({ world }: Made, milliseconds = 0): JsonObject => ({
  at: new Date(world.now + milliseconds).toISOString(),
})
const origin = (owner: Owner): string => `${owner.id}.example/log`
const anchored = (size: number, root: string) => (made: Made) => {
  addNode(made.world, made.ada)
  effective(made.world.state_('anchor', { log: origin(made.ada), size, root }, made.ada))
}
const committed = ({ world, ada }: Made) => {
  effective(world.state_('beacon-commitment', { tip: chain('ada', 9).tip, length: 9 }, ada, 'validator'))
  for (let i = 0; i < 3; i++) nextEpoch(world)
}

const CASES: Record<Rule, () => Case> = {
  'malformed-envelope': () => ({ ...network(), entry: utf8('{') }),
  'malformed-statement': () => {
    const { world, ada } = network()
    return { world, entry: signEnvelope(utf8('{"_type":"x"}'), [ada.signer('member')]) }
  },
  'unknown-kind': stated('unheard-of', () => ({})),
  'no-charter': () => {
    const { world, ada } = network()
    return {
      world: { registry: new Registry(suite) },
      entry: world.entry('leave', {}, ada, ada.signer('member')),
    }
  },
  'wrong-network': () => {
    const { world, ada } = network()
    return { world, entry: signEnvelope(world.payload('leave', {}, ada, FAR), [ada.signer('member')]) }
  },
  unsigned: () => {
    const { world, ada, bo } = network()
    const body = { member: ada.fields, keys: ada.keys }
    return { world, entry: world.entry('application', body, bo, bo.signer('member')) }
  },
  'bad-signature': () => {
    const { world, ada, bo } = network()
    const { keyid } = ada.signer('member')
    return { world, entry: world.entry('leave', {}, ada, { keyid, sign: bo.signer('member').sign }) }
  },
  'unknown-key': () => {
    const { world } = network()
    const eve = new Owner('eve')
    return { world, entry: world.entry('leave', {}, eve, eve.signer('member')) }
  },
  'unproven-key': stated('key', ({ ada }) => ({ keys: [ada.key('witness', 'witness-2')] })),
  'wrong-author': () => {
    const { world, ada, bo } = network()
    return { world, entry: world.entry('leave', {}, ada, bo.signer('member')) }
  },
  'wrong-purpose': stated('tick', made => at(made, 1)),
  'key-expired': () => {
    const { world, ada } = network()
    const until = new Date(world.now + 30_000).toISOString()
    const body = { keys: [{ ...ada.key('member', 'member-2'), until }] }
    effective(world.append(world.entry('key', body, ada, ada.signer('member'), ada.signer('member-2'))))
    world.tick()
    return { world, entry: world.entry('leave', {}, ada, ada.signer('member-2')) }
  },
  'key-revoked': stated(
    'leave',
    () => ({}),
    ({ world, ada }) => {
      const body = {
        key: ada.signer('member').keyid,
        since: new Date(world.now).toISOString(),
        reason: 'lost',
      }
      effective(world.state_('revocation', body, ada, 'recovery'))
    },
  ),
  'member-not-active': () => {
    const { world, bo } = network()
    effective(world.state_('leave', {}, bo))
    return { world, entry: world.entry('model', { ...MODEL, name: 'm' }, bo, bo.signer('member')) }
  },
  'wrong-role': () => {
    const { world } = network()
    const dee = new Owner('dee', ['deployer'])
    join(world, dee)
    return { world, entry: world.entry('model', { ...MODEL, name: 'm' }, dee, dee.signer('member')) }
  },
  'quorum-not-met': () => {
    const { world, bo } = network()
    return { world, entry: move(world, bo, [bo]) }
  },
  duplicate: () => {
    const { world } = network()
    return { world, entry: world.entries.at(-1)! }
  },
  stale: () => {
    const { world, ada } = network()
    const payload = registryPayload({
      kind: 'leave',
      network: world.state.network,
      by: 'ada',
      time: world.state.time - world.state.terms.windowSeconds * 1000 - 1,
      body: {},
    })
    return { world, entry: signEnvelope(payload, [ada.signer('member')]) }
  },
  'from-the-future': stated(
    'leave',
    () => ({}),
    ({ world }) => {
      world.now = world.state.time + 86_400_001
    },
  ),
  'rate-limit': () => {
    const { world, ada } = network({ statementsPerEpoch: 10 })
    for (let i = 0; i < 10; i++) world.state_('model', { ...MODEL, name: `m${i}` }, ada)
    return { world, entry: world.entry('model', { ...MODEL, name: 'last' }, ada, ada.signer('member')) }
  },
  'charter-exists': () => {
    const { world, ada } = network()
    const payload = world.payload('charter', world.charter({ panel: 5 }), ada, null)
    return {
      world,
      entry: signEnvelope(
        payload,
        world.founders.flatMap(({ all }) => all),
      ),
    }
  },
  'name-taken': stated(
    'model',
    () => ({ ...MODEL, name: 'm' }),
    ({ world, bo }) => {
      effective(world.state_('model', { ...MODEL, name: 'm', version: '0' }, bo))
    },
  ),
  'key-taken': stated('key', ({ bo }) => ({ keys: [bo.key('member')] })),
  'too-many': () => {
    const { world, ada } = network()
    const more = (from: number) => {
      const names = Array.from({ length: 12 }, (_, i) => `more-${from + i}`)
      const keys = names.map(name => ada.key('log', name))
      return world.entry('key', { keys }, ada, ada.signer('member'), ...names.map(name => ada.signer(name)))
    }
    for (let i = 0; i < 4; i++) effective(world.append(more(i * 12)))
    return { world, entry: more(48) }
  },
  'not-yours': stated(
    'anchor',
    ({ bo }) => ({ log: origin(bo), size: 1, root: DIGEST }),
    ({ world, bo }) => {
      addNode(world, bo)
    },
  ),
  'not-found': stated('approval', () => ({ of: DIGEST })),
  'not-open': () => {
    const { world, ada } = network()
    const of = propose(world, { action: 'amend', terms: { panel: 5 }, at: 999 })
    approve(world, of)
    world.now++
    return { world, entry: world.entry('approval', { of }, ada, ada.signer('member')) }
  },
  'given-before': () => {
    const { world, ada } = network()
    const of = propose(world, { action: 'amend', terms: { panel: 5 }, at: 999 })
    approve(world, of, [ada])
    world.now++
    return { world, entry: world.entry('approval', { of }, ada, ada.signer('member')) }
  },
  'own-approval': () => {
    const { world, ada } = network()
    const body = { member: { ...ada.fields, roles: ['auditor'] }, keys: ada.keys }
    const of = effective(world.append(world.entry('application', body, ada, ...ada.all))).digest!
    return { world, entry: world.entry('approval', { of }, ada, ada.signer('member')) }
  },
  'last-of-its-kind': () => {
    const world = new RegistryWorld(['ada'])
    const [ada] = world.founders as [Owner]
    return { world, entry: world.entry('leave', {}, ada, ada.signer('member')) }
  },
  'no-such-log': stated('anchor', () => ({ log: 'nowhere.example/log', size: 1, root: DIGEST })),
  'log-taken': stated(
    'node',
    ({ ada }) => ({
      name: 'two',
      url: 'https://x.example',
      descriptor: DIGEST,
      log: ada.key('log').key,
      models: [],
    }),
    ({ world, ada }) => {
      addNode(world, ada)
    },
  ),
  'anchor-backwards': stated(
    'anchor',
    ({ ada }) => ({ log: origin(ada), size: 2, root: DIGEST }),
    anchored(3, DIGEST),
  ),
  'anchor-given': stated(
    'anchor',
    ({ ada }) => ({ log: origin(ada), size: 4, root: DIGEST }),
    anchored(3, DIGEST),
  ),
  'two-roots': stated('anchor', ({ ada }) => ({ log: origin(ada), size: 3, root: FAR }), anchored(3, DIGEST)),
  'not-a-fork': () => {
    const { world, ada, bo } = network()
    const { log } = addNode(world, ada)
    const first = log.checkpoint()
    log.fill(1)
    const body = { log: log.origin, notes: [first, log.checkpoint()] }
    return { world, entry: world.entry('fork', body, bo, bo.signer('member')) }
  },
  'tick-backwards': validated('tick', made => at(made, -1)),
  'tick-too-soon': validated(
    'tick',
    made => at(made, 29_999),
    ({ world }) => {
      amend(world, {}, 2)
      world.tick()
    },
  ),
  'not-due': validated('state-digest', () => ({ size: 7, digest: DIGEST })),
  'wrong-digest': validated(
    'state-digest',
    ({ world }) => ({ size: world.registry.due!.size, digest: FAR }),
    ({ world }) => {
      for (let i = 0; i < 5; i++) world.tick()
    },
  ),
  'two-digests': validated(
    'state-digest',
    ({ world }) => ({ size: world.registry.due!.size, digest: FAR }),
    ({ world, ada }) => {
      for (let i = 0; i < 5; i++) world.tick()
      effective(world.state_('state-digest', { ...world.registry.due! }, ada, 'validator'))
    },
  ),
  'out-of-turn': validated(
    'reveal',
    ({ world }) => ({ epoch: world.state.epoch, link: chain('ada', 9).links[0]! }),
    committed,
  ),
  'wrong-link': validated(
    'reveal',
    ({ world }) => ({ epoch: world.state.epoch - 1, link: chain('ada', 9).links[1]! }),
    committed,
  ),
  'wrong-size': () => {
    const { world, bo, cy } = network()
    return { world, entry: move(world, bo, [bo, cy], { size: world.registry.size - 1 }) }
  },
  'wrong-root': () => {
    const { world, bo, cy } = network()
    return { world, entry: move(world, bo, [bo, cy], { root: DIGEST }) }
  },
  'wrong-host': () => {
    const { world, bo, cy } = network()
    return { world, entry: move(world, bo, [bo, cy], { from: 'nowhere.example/registry' }) }
  },
  'unknown-rules': stated('proposal', () => ({ action: 'amend', rules: 7, at: 100 })),
  'out-of-bounds': stated('proposal', () => ({ action: 'amend', terms: { panel: 5 }, at: 0 })),
  'bad-evidence': () => {
    const { world, ada, bo } = network()
    const { log } = addNode(world, ada)
    const body = { type: 'consistency', ...shown(log, 'one'), entry: DIGEST }
    return { world, entry: world.entry('challenge', body, bo, bo.signer('member')) }
  },
  'not-drawn': validated(
    'challenge-vote',
    ({ world }) => ({ challenge: [...world.state.challenges.values()][0]!.digest, opens: false }),
    ({ world, ada, bo }) => {
      const { log } = addNode(world, bo)
      effective(world.state_('challenge', { type: 'availability', ...shown(log, 'one') }, ada))
    },
  ),
  'not-anchored': () => {
    const { world, ada } = network({}, 3)
    const { log } = addNode(world, ada)
    const found = { log: log.origin, index: 0, entry: DIGEST, outcome: 'exact', report: DIGEST }
    return { world, entry: world.entry('finding', { findings: [found] }, ada, ada.signer('member')) }
  },
  'bad-move': () => {
    const { world, ada, bo } = network({}, 3)
    const { log } = addNode(world, bo)
    const evidence = shown(log, 'one')
    effective(world.state_('anchor', { log: log.origin, size: log.size, root: DIGEST }, bo))
    const found = {
      log: log.origin,
      index: 0,
      entry: evidence.entry,
      outcome: 'inconsistent',
      report: DIGEST,
    }
    effective(world.state_('finding', { findings: [found] }, ada))
    const commitment = { version: 1, root: DIGEST, count: 2 }
    const dispute = effective(world.state_('dispute', { ...evidence, commitment }, ada)).digest!
    return { world, entry: world.entry('dispute-move', { dispute, move: {} }, bo, bo.signer('member')) }
  },
}

for (const rule of RULES) {
  test(`void: ${rule}`, () => {
    const { world, entry } = CASES[rule]()
    const { registry } = world
    const { state } = registry
    const before = { ...state.outline(0, suite), dump: dump(state, 'usage') }
    const used = [...state.usage.values()].reduce((a, b) => a + b, 0)
    const checked = registry.check(entry)
    assert.equal(dump(state, 'usage'), before.dump)
    const outcome = registry.append(entry)
    assert.equal(outcome.rule, rule, outcome.detail ?? outcome.rule ?? 'effective')
    assert.equal(outcome.effective, false)
    assert.deepEqual(checked, outcome)
    assert.deepEqual({ ...state.outline(0, suite), dump: dump(state, 'usage') }, before)
    const after = [...state.usage.values()].reduce((a, b) => a + b, 0)
    assert.ok(after - used <= 1)
    // The same again is as void, and costs its author nothing more.
    assert.equal(registry.append(entry).effective, false)
    assert.equal(
      [...state.usage.values()].reduce((a, b) => a + b, 0),
      after,
    )
  })
}

test('a void entry settles the stamp on it, and does nothing else', () => {
  const { world, ada, bo } = network()
  const entry = world.entry('model', { ...MODEL, name: 'm' }, ada, ada.signer('member'))
  effective(world.state_('model', { ...MODEL, name: 'm' }, bo))
  const digest = suite.sha256Hex(parseEnvelope(entry).payload)
  effective(world.state_('hand-in', { statement: digest }, bo, 'validator'))
  const before = dump(world.state, 'usage', 'handIns', 'open')
  const outcome = world.append(entry)
  assert.deepEqual([outcome.rule, outcome.settles], ['name-taken', true])
  assert.equal(world.state.handIns.get(digest)!.done, outcome.index)
  assert.equal(dump(world.state, 'usage', 'handIns', 'open'), before)
  assert.equal([...world.state.openOf('hand-in')].length, 0)
})
