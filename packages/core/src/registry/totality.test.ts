/** No bytes stop the fold, and looking changes nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld, START } from '../../test/registry.ts'
import {
  addNode,
  amend,
  apply,
  approve,
  chain,
  DIGEST,
  dump,
  effective,
  forked,
  join,
  move,
  nextEpoch,
  propose,
  shown,
} from '../../test/registry-acts.ts'
import { fromUtf8, utf8 } from '../bytes.ts'
import type { Json, JsonObject } from '../shape.ts'
import { formatEnvelope, parseEnvelope, preAuthEncoding } from '../statement/envelope.ts'
import { STATEMENT_MEDIA_TYPE } from '../statement/intoto.ts'
import { NEWEST_RULES, Registry, RULES, signEnvelope } from './index.ts'

/** A registry with a statement of every kind in it. */
function lived(): RegistryWorld {
  const world = new RegistryWorld(['ada', 'bo', 'cy'], {
    digestEvery: 16,
    waitingSeconds: 60,
    epochSeconds: 120,
    handInSeconds: 60,
  })
  const [ada, bo, cy] = world.founders as [Owner, Owner, Owner]
  world.tick()
  const links = chain('ada', 9)
  world.state_('beacon-commitment', { tip: links.tip, length: 9 }, ada, 'validator')
  join(world, new Owner('dee', ['operator', 'publisher', 'deployer']))
  const { log } = addNode(world, ada)
  const other = addNode(world, bo)
  const model = {
    name: 'm',
    version: '1',
    manifest: DIGEST,
    licence: 'MIT',
    intendedUse: '',
    limits: '',
    format: 'onnx',
  }
  effective(world.state_('model', model, ada))
  effective(world.state_('model-withdrawal', { name: 'm', version: '1', reason: 'old' }, ada))
  effective(world.state_('member', { name: 'Ada Ltd.', url: 'https://ada.example' }, ada))
  effective(world.state_('anchor', { log: log.origin, size: 3, root: DIGEST }, ada))
  for (const type of ['availability', 'consistency'])
    effective(world.state_('challenge', { type, ...shown(log, type) }, bo))
  for (let i = 0; i < 3; i++) nextEpoch(world)
  effective(world.state_('reveal', { epoch: world.state.epoch - 1, link: links.links[0]! }, ada, 'validator'))
  const [availability, consistency] = [...world.state.challenges.values()]
  effective(
    world.state_('challenge-vote', { challenge: availability!.digest, opens: false }, cy, 'validator'),
  )
  world.state_(
    'challenge-answer',
    { challenge: consistency!.digest, checkpoint: log.checkpoint(), proof: [] },
    ada,
  )
  effective(world.state_('state-digest', { ...world.registry.due! }, bo, 'validator'))
  effective(world.state_('hand-in', { statement: DIGEST, signers: [DIGEST] }, bo, 'validator'))
  effective(
    world.append(
      world.entry(
        'key',
        { keys: [cy.key('witness', 'witness-2')] },
        cy,
        cy.signer('member'),
        cy.signer('witness-2'),
      ),
    ),
  )
  effective(
    world.state_(
      'revocation',
      { key: cy.signer('witness-2').keyid, since: new Date(START).toISOString(), reason: 'x' },
      cy,
    ),
  )
  amend(world, { panel: 2 }, 2)
  amend(world, {}, 3)
  const audrey = new Owner('audrey', ['auditor'])
  join(world, audrey)
  const { log: of, ...proven } = shown(log, 'audited')
  const found = { log: of, index: 2, entry: proven.entry, outcome: 'inconsistent', report: DIGEST, epoch: 1 }
  effective(world.state_('finding', { findings: [found] }, audrey))
  const commitment = { version: 1, root: DIGEST, count: 3 }
  const brought = effective(world.state_('dispute', { log: of, ...proven, commitment }, audrey))
  const dispute = brought.digest!
  effective(world.state_('dispute-move', { dispute, move: { kind: 'decline' } }, ada))
  for (let i = 0; i < 3; i++) nextEpoch(world)
  const [sits] = world.state.disputes.get(dispute)!.panel
  const voter = [bo, cy].find(({ id }) => id === sits)!
  const vote = { dispute, wrong: 'neither', how: 'replay', report: DIGEST }
  effective(world.state_('dispute-vote', vote, voter, 'validator'))
  effective(world.state_('challenge', { type: 'availability', log: of, index: 1 }, audrey))
  amend(world, { evidence: { policy: { debug: 'refuse' } } }, 4)
  const nodes = { node: 'one', log: of, evidence: DIGEST, endorsements: 'cd'.repeat(32), bytes: [9, 9] }
  effective(world.state_('evidence', nodes, ada))
  const { evidence, endorsements } = nodes
  const asOf = new Date(START).toISOString()
  const reasons = ['platform:platform-out-of-date']
  const said = { evidence, endorsements, asOf, policy: DIGEST, met: false, reasons }
  effective(world.state_('appraisal', said, audrey))
  const reference = {
    format: 'tdx',
    measurements: { mrtd: 'ab', rtmr1: 'ab' },
    image: 'an image',
    role: 'model',
    weights: { manifest: DIGEST, by: 'dm-verity' },
    provenance: { bundle: DIGEST, source: 'https://ada.example/src', reproducible: true },
  }
  effective(world.state_('reference-value', { reference }, ada))
  const [approved] = [...world.state.references.values()]
  effective(world.state_('reference-revocation', { id: approved!.id, since: asOf, reason: 'a hole' }, ada))
  approve(world, propose(world, { action: 'remove', member: 'dee' }))
  effective(world.append(move(world, bo, [bo, cy])))
  effective(world.state_('fork', forked(other.log), ada))
  effective(apply(world, new Owner('eve', ['auditor'])))
  effective(world.state_('leave', {}, cy))
  return world
}

const WORLD = lived()

test('the world of these tests has every kind in it, and replays to the same', () => {
  const kinds = new Set(WORLD.outcomes.filter(({ effective }) => effective).map(({ kind }) => kind))
  // An answer takes cosignatures: attacks.test.ts has it.
  assert.equal(kinds.size, 29)
  const again = new Registry(suite)
  for (const [i, entry] of WORLD.entries.entries()) {
    again.check(WORLD.entries[(i * 7) % WORLD.entries.length]!)
    const outcome = again.append(entry)
    assert.deepEqual(outcome, WORLD.outcomes[i])
  }
  assert.equal(again.digest(), WORLD.registry.digest())
  assert.equal(dump(again.state), dump(WORLD.state))
})

test('the same entries once more are void, every one, and change nothing', () => {
  const world = lived()
  // Digests of sizes long past are forgotten as the log grows.
  const before = dump(world.state, 'usage', 'digests')
  for (const entry of world.entries) assert.equal(world.registry.append(entry).effective, false)
  assert.equal(dump(world.state, 'usage', 'digests'), before)
})

/** What stands anywhere in a JSON value may become this. */
const JUNK: Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  2 ** 53,
  1e308,
  '',
  ' ',
  'x',
  '__proto__',
  'constructor',
  '\u202e',
  '\u0000',
  '🜁',
  'a'.repeat(5000),
  [],
  [[]],
  {},
  { __proto__: null, constructor: 1 },
  DIGEST,
  'f'.repeat(64),
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00.000Z',
  Array.from({ length: 300 }, () => DIGEST),
  'spki:AAAA',
  'ada/x+00000000+AQ==',
]
const depth = (n: number): Json => (n === 0 ? 1 : [depth(n - 1)])

/** Each copy of a value with one part of it replaced or left out. */
function* changed(value: Json, junk: Json): Generator<Json> {
  yield junk
  if (value === null || typeof value !== 'object') return
  for (const key of Object.keys(value)) {
    const copy = structuredClone(value) as JsonObject
    delete copy[key]
    if (!Array.isArray(value)) yield copy
    for (const part of changed((value as JsonObject)[key]!, junk)) {
      const other = structuredClone(value) as JsonObject
      other[key] = part
      yield other
    }
  }
}

/** All keys of an entry's signers, which here anyone has. */
const SIGNERS = new Map(
  ['ada', 'bo', 'cy', 'dee', 'eve', 'audrey']
    .map(id => new Owner(id))
    .flatMap(owner =>
      ['member', 'recovery', 'validator', 'witness', 'witness-2', 'host', 'log'].map(purpose =>
        owner.signer(purpose),
      ),
    )
    .map(signer => [signer.keyid, signer]),
)

function resigned(entry: Uint8Array, payload: Uint8Array): Uint8Array {
  const signers = parseEnvelope(entry).signatures.map(({ keyid }) => SIGNERS.get(keyid)!)
  return signEnvelope(payload, signers)
}

test('a wrong value in any field of any kind, signed all the same, is an outcome', () => {
  const firsts = new Map(WORLD.outcomes.map(({ kind, index }) => [kind, index]))
  const seen = new Set<string>()
  for (const index of firsts.values()) {
    const entry = WORLD.entries[index]!
    const registry = new Registry(suite)
    for (const before of WORLD.entries.slice(0, index)) registry.append(before)
    const statement = JSON.parse(fromUtf8(parseEnvelope(entry).payload)) as Json
    for (const [i, junk] of [...JUNK, depth(14), depth(40)].entries()) {
      for (const [j, value] of [...changed(statement, junk)].entries()) {
        // Every place with some junk, and every junk in some place.
        if ((i + j) % 6 !== index % 6) continue
        const text = JSON.stringify(value)
        if (text.length > 40_000) continue
        const outcome = registry.check(resigned(entry, utf8(text)))
        seen.add(outcome.rule ?? 'effective')
        assert.ok(outcome.effective || RULES.includes(outcome.rule!))
      }
    }
  }
  assert.ok(seen.size > 10, [...seen].join())
})

test('bytes of any sort, and entries cut, spliced and flipped, are void; their signed kin are outcomes', () => {
  const world = lived()
  const { registry } = world
  const index = fc.nat(WORLD.entries.length - 1)
  const cut = fc.tuple(index, fc.nat(3000)).map(([i, at]) => WORLD.entries[i]!.slice(0, at))
  const flip = fc.tuple(index, fc.nat(3000), fc.nat(255)).map(([i, at, by]) => {
    const copy = WORLD.entries[i]!.slice()
    copy[at % copy.length]! ^= by
    return copy
  })
  const twice = index.map(i => utf8(fromUtf8(WORLD.entries[i]!).replace('{', '{"payload":"AAAA",')))
  const nested = fc.nat(60).map(n => utf8('['.repeat(n * 1000)))
  // A duplicate key inside, under a good signature.
  const inner = index.map(i => {
    const text = fromUtf8(parseEnvelope(WORLD.entries[i]!).payload).replace('"by":', '"by":"bo","by":')
    return resigned(WORLD.entries[i]!, utf8(text))
  })
  const wrongType = index.map(i => {
    const { payload } = parseEnvelope(WORLD.entries[i]!)
    const { keyid, sign } = SIGNERS.values().next().value!
    const sig = sign(preAuthEncoding(STATEMENT_MEDIA_TYPE, payload))
    return utf8(formatEnvelope({ payload, payloadType: 'text/plain', signatures: [{ keyid, sig }] }))
  })
  const json = fc.json().map(utf8)
  const signed = fc.json().map(text => signEnvelope(utf8(text), [SIGNERS.values().next().value!]))
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    cut,
    flip,
    twice,
    nested,
    inner,
    wrongType,
    json,
    signed,
  )
  fc.assert(
    fc.property(any, bytes => {
      const { size } = registry
      // Digests of sizes long past are forgotten as the log grows.
      const before = dump(registry.state, 'usage', 'digests')
      const checked = registry.check(bytes)
      const outcome = registry.append(bytes)
      assert.deepEqual(checked, outcome)
      assert.equal(registry.size, size + 1)
      assert.ok(RULES.includes(outcome.rule!))
      assert.equal(dump(registry.state, 'usage', 'digests'), before)
    }),
    { numRuns: 600 },
  )
})

test('what independent members state comes to the same records in any order', () => {
  const entries = (world: RegistryWorld) =>
    world.founders.flatMap((owner, i) => [
      world.entry('member', { name: `Number ${i}` }, owner, owner.signer('member')),
      world.entry(
        'revocation',
        { key: owner.signer('witness').keyid, since: new Date(START).toISOString(), reason: 'x' },
        owner,
        owner.signer('member'),
      ),
    ])
  const roots = new Set<string>()
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), order => {
      const world = new RegistryWorld()
      const all = entries(world)
      for (const i of order) effective(world.append(all[i]!))
      // The index of an entry is in some records, and only it may differ.
      roots.add(
        JSON.stringify([...world.state.members.values(), ...world.state.keys.values()]).replace(
          /"index":\d+/g,
          '',
        ),
      )
    }),
    { numRuns: 20 },
  )
  assert.equal(roots.size, 1)
})

test('rules that this software does not have stop it before the entry, also when it only looks', () => {
  const world = new RegistryWorld(['ada'])
  for (let rules = 2; rules <= NEWEST_RULES + 1; rules++) amend(world, {}, rules)
  const { size } = world.registry
  for (const act of ['check', 'append'] as const)
    assert.throws(() => world.registry[act](world.entries[0]!), { code: 'unknown-rules' })
  assert.equal(world.registry.size, size)
})
