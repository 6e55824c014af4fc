/** What one member, one key, one owner or one host must not be able to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld, START } from '../../test/registry.ts'
import {
  addNode,
  amend,
  apply,
  approve,
  DIGEST,
  effective,
  forked,
  join,
  move,
  propose,
  shown,
} from '../../test/registry-acts.ts'
import { utf8 } from '../bytes.ts'
import { testSigner } from '../note/fixtures.test.ts'
import { formatVkey, SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44, verifierKey } from '../note/index.ts'
import type { JsonObject } from '../shape.ts'
import { formatEnvelope, parseEnvelope } from '../statement/envelope.ts'
import { type Outcome, registryPayload, signEnvelope } from './index.ts'

const DAY = 86_400
const MODEL = { version: '1', manifest: DIGEST, licence: 'MIT', intendedUse: '', limits: '', format: 'onnx' }

function network(terms = {}, founders: (string | Owner)[] = ['ada', 'bo', 'cy']) {
  const world = new RegistryWorld(founders, { waitingSeconds: 0, digestEvery: 16, ...terms })
  const [ada, bo, cy] = world.founders as [Owner, Owner, Owner]
  world.tick()
  return { world, ada, bo, cy }
}

const rule = (outcome: Outcome) => outcome.rule ?? 'effective'
const model = (world: RegistryWorld, name: string, owner: Owner) =>
  world.entry('model', { ...MODEL, name }, owner, owner.signer('member'))
const digestOf = (entry: Uint8Array) => suite.sha256Hex(parseEnvelope(entry).payload)

/** The entry with only those signatures, and others' added. */
function altered(
  entry: Uint8Array,
  keep: (keyid: string) => boolean,
  ...others: ReturnType<Owner['signer']>[]
): Uint8Array {
  const { payload, payloadType, signatures } = parseEnvelope(entry)
  const added = others.length === 0 ? [] : parseEnvelope(signEnvelope(payload, others)).signatures
  return utf8(
    formatEnvelope({
      payload,
      payloadType,
      signatures: [...signatures.filter(({ keyid }) => keep(keyid)), ...added],
    }),
  )
}

function spoilt(entry: Uint8Array): Uint8Array {
  const { payload, payloadType, signatures } = parseEnvelope(entry)
  const bad = signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.map(byte => byte ^ 1) }))
  return utf8(formatEnvelope({ payload, payloadType, signatures: bad }))
}

test('nobody uses up another’s share', () => {
  const { world, ada } = network({ statementsPerEpoch: 10 })
  const eve = new Owner('eve')
  for (let i = 0; i < 20; i++) {
    // A stranger who says to be ada, with keys of their own that prove themselves.
    const body = { member: { ...ada.fields, name: `${i}` }, keys: eve.keys }
    assert.equal(rule(world.append(world.entry('application', body, ada, ...eve.all))), 'wrong-author')
    // Her own words, over and over.
    world.append(world.entries[1]!)
  }
  const once = world.entry(
    'anchor',
    { log: 'x.example/log', size: 1, root: DIGEST },
    ada,
    ada.signer('member'),
  )
  for (let i = 0; i < 20; i++) assert.equal(rule(world.append(once)), 'no-such-log')
  effective(world.append(model(world, 'm', ada)))
})

test('a member cannot slip past its share with copies that were void before', () => {
  const { world, ada } = network({ statementsPerEpoch: 10 })
  const entries = Array.from({ length: 40 }, (_, i) => model(world, `m${i}`, ada))
  for (const entry of entries) assert.equal(rule(world.append(spoilt(entry))), 'bad-signature')
  for (const entry of entries)
    assert.equal(rule(world.append(altered(entry, () => false, new Owner('eve').signer('x')))), 'unknown-key')
  const taken = entries.filter(entry => world.append(entry).effective)
  // The charter was one.
  assert.equal(taken.length, 9)
  // What was refused for the share's sake counts when it comes again.
  for (let i = 0; i < 70; i++) world.tick()
  assert.equal(world.state.epoch, 1)
  assert.equal(entries.filter(entry => world.append(entry).effective).length, 10)
})

test('one owner with many members has one vote: in time, in moves, in both chambers', () => {
  const twins = ['ada', 'ada2', 'ada3'].map(id => new Owner(id, undefined, 'ada'))
  const { world } = network({}, [...twins, 'bo', 'cy'])
  const [ada, , , bo] = world.founders as Owner[]
  const { time } = world.state
  for (const _ of [1, 2, 3]) {
    world.tick(60, twins)
    assert.equal(world.state.time, time)
  }
  assert.equal(rule(world.append(move(world, twins[1]!, twins))), 'quorum-not-met')
  const of = propose(world, { action: 'remove', member: 'bo' }, ada)
  effective(world.state_('approval', { of }, ada!))
  world.now++
  for (const twin of twins) assert.equal(rule(world.state_('approval', { of }, twin)), 'given-before')
  // Neither can somebody become ada's by saying so, nor sponsored by another.
  const eve = new Owner('eve', undefined, 'ada')
  assert.equal(rule(apply(world, eve, bo)), 'not-yours')
  assert.equal(rule(apply(world, eve, ada)), 'effective')
})

test('an owner group that two strangers ask for is the first one’s', () => {
  const { world, bo } = network({ waitingSeconds: 60 })
  const [eve, mal] = [new Owner('eve', ['auditor'], 'zed'), new Owner('mal', ['auditor'], 'zed')]
  const asked = [eve, mal].map(owner => effective(apply(world, owner, bo)).digest!)
  for (const of of asked) approve(world, of)
  world.tick()
  world.tick()
  assert.deepEqual(
    asked.map(of => world.state.applications.get(of)!.status),
    ['active', 'lapsed'],
  )
  assert.equal(world.state.members.get('mal')!.status, 'applying')
})

test('an altered copy of what was handed in settles nothing', () => {
  const { world, ada, bo, cy } = network()
  const plain = model(world, 'm', cy)
  effective(world.state_('hand-in', { statement: digestOf(plain) }, bo, 'validator'))
  // The host takes the signature off and puts its own in its place.
  for (const copy of [spoilt(plain), altered(plain, () => false, ada.signer('member'))])
    assert.equal(world.append(copy).settles, undefined)
  assert.equal(world.append(plain).settles, true)

  // One that takes several signatures, of which the host leaves out some.
  const dee = new Owner('dee', ['auditor'])
  const entry = world.entry(
    'application',
    { member: dee.fields, keys: dee.keys },
    cy,
    ...dee.all,
    cy.signer('member'),
  )
  const signers = parseEnvelope(entry).signatures.map(({ keyid }) => keyid)
  effective(world.state_('hand-in', { statement: digestOf(entry), signers }, bo, 'validator'))
  const cut = altered(entry, keyid => keyid !== dee.signer('host').keyid)
  assert.deepEqual(
    [rule(world.append(cut)), world.state.handIns.get(digestOf(entry))!.done],
    ['unproven-key', null],
  )
  // As it was handed in it settles, whatever comes of it.
  effective(
    world.append(
      world.entry(
        'application',
        { member: { ...dee.fields, name: 'x' }, keys: dee.keys },
        cy,
        ...dee.all,
        cy.signer('member'),
      ),
    ),
  )
  assert.deepEqual(
    [rule(world.append(entry)), world.state.handIns.get(digestOf(entry))!.done !== null],
    ['name-taken', true],
  )
})

test('a stamp on what is in the log is void; one that nobody answers waits no longer than its deadline', () => {
  const { world, bo, cy } = network({ handInSeconds: 60 })
  const entry = model(world, 'm', cy)
  effective(world.append(entry))
  assert.equal(rule(world.state_('hand-in', { statement: digestOf(entry) }, bo, 'validator')), 'given-before')
  effective(world.state_('hand-in', { statement: DIGEST }, bo, 'validator'))
  for (let i = 0; i < 3; i++) world.tick()
  assert.equal(world.state.handIns.get(DIGEST)!.overdue, true)
  assert.equal(world.state.open.size, 0)
  effective(world.append(move(world, bo, [bo, cy])))
  assert.equal(world.state.handIns.get(DIGEST)!.overdue, false)
  assert.equal(world.state.open.size, 1)
})

test('a stolen member key does not outlast its owner’s recovery key', () => {
  const { world, ada } = network({ statementsPerEpoch: 20 })
  const thief = ada.signer('member')
  const bring = (purpose: 'member' | 'recovery', name: string, by: typeof thief) =>
    world.append(world.entry('key', { keys: [ada.key(purpose, name)] }, ada, by, ada.signer(name)))
  assert.equal(rule(bring('recovery', 'planted', thief)), 'wrong-purpose')
  const body = { member: ada.fields, keys: [...ada.keys, ada.key('recovery', 'planted')] }
  assert.equal(
    rule(world.append(world.entry('application', body, ada, ...ada.all, ada.signer('planted')))),
    'wrong-purpose',
  )
  const stolen = world.now
  // Keys that bring keys, until the share is used up.
  let by = thief
  let last = ''
  for (let i = 0; rule(bring('member', `m${i}`, by)) === 'effective'; i++) {
    last = `m${i}`
    by = ada.signer(last)
  }
  assert.equal(rule(world.append(world.entry('leave', {}, ada, by))), 'rate-limit')
  const since = new Date(stolen).toISOString()
  effective(world.state_('revocation', { key: thief.keyid, since, reason: 'stolen' }, ada, 'recovery'))
  const live = world.state
    .keysOfMember('ada')
    .filter(([, { revoked, purpose }]) => purpose === 'member' && revoked === null)
  assert.equal(live.length, 0)
  assert.equal(rule(world.append(world.entry('leave', {}, ada, ada.signer(last)))), 'key-revoked')
  effective(bring('member', 'fresh', ada.signer('recovery')))
})

test('a key’s rotation by the key itself does not end the new one', () => {
  const { world, ada } = network()
  effective(
    world.append(
      world.entry(
        'key',
        { keys: [ada.key('member', 'second')] },
        ada,
        ada.signer('member'),
        ada.signer('second'),
      ),
    ),
  )
  // An author's clock behind registry time.
  const body = {
    key: ada.signer('member').keyid,
    since: new Date(world.now - 30_000).toISOString(),
    reason: 'rotated',
  }
  effective(world.append(world.entry('revocation', body, ada, ada.signer('member'))))
  effective(world.append(world.entry('model', { ...MODEL, name: 'm' }, ada, ada.signer('second'))))
})

test('a key is whose holder registers it: not another’s, nor under another’s name', () => {
  const { world, ada, bo } = network()
  const dee = new Owner('dee')
  const bring = (owner: Owner, key: JsonObject, ...signers: ReturnType<Owner['signer']>[]) =>
    rule(world.append(world.entry('key', { keys: [key] }, owner, owner.signer('member'), ...signers)))
  assert.equal(bring(bo, dee.key('witness')), 'unproven-key')
  assert.equal(bring(bo, ada.key('host'), ada.signer('host')), 'key-taken')
  // One that is registered already, for another purpose.
  assert.equal(bring(ada, { purpose: 'log', key: ada.key('host').key }), 'key-taken')
  // Post-quantum keys prove themselves as well.
  const quantum = testSigner('dee.example/pq', SIG_COSIGNATURE_MLDSA44)
  const key = { purpose: 'witness', key: formatVkey(quantum.key) }
  assert.equal(bring(bo, key), 'unproven-key')
  assert.equal(
    bring(bo, key, { keyid: suite.sha256Hex(quantum.key.publicKey), sign: quantum.sign }),
    'effective',
  )
  // A policy with two witnesses of one name would be none.
  const named = (name: string) => {
    const signer = testSigner(name, undefined, `bo ${name}`)
    return bring(
      bo,
      { purpose: 'log', key: formatVkey(signer.key) },
      { keyid: Buffer.from(signer.key.publicKey).toString('hex'), sign: signer.sign },
    )
  }
  assert.equal(named('ada.example/witness'), 'name-taken')
  assert.equal(named('dee/witness-1'), 'name-taken')
  assert.equal(named('bo'), 'name-taken')
  assert.equal(named('bo/log'), 'effective')
  assert.equal(named('bо.example/log'), 'malformed-statement')
})

test('a member’s witnesses have names of their own, and leave room for others’', () => {
  const { world, ada } = network()
  const witness = (name: string, seed: string) => {
    const signer = testSigner(name, undefined, seed)
    const vkey = formatVkey(verifierKey(name, SIG_COSIGNATURE_ED25519, signer.key.publicKey, suite))
    const keyid = Buffer.from(signer.key.publicKey).toString('hex')
    const body = { keys: [{ purpose: 'witness', key: vkey }] }
    return rule(
      world.append(world.entry('key', body, ada, ada.signer('member'), { keyid, sign: signer.sign })),
    )
  }
  assert.equal(witness('ada.example/witness', 'other'), 'name-taken')
  for (let i = 0; i < 7; i++) assert.equal(witness(`ada/witness-${i}`, `${i}`), 'effective')
  assert.equal(witness('ada/witness-7', '7'), 'too-many')
})

test('who is suspended or removed does not come back by what it had asked for before', () => {
  for (const how of ['suspended', 'left'] as const) {
    const { world, ada, bo } = network({ waitingSeconds: 120 })
    const { log } = addNode(world, ada)
    const body = { member: { ...ada.fields, roles: ['operator', 'validator', 'auditor'] }, keys: ada.keys }
    approve(
      world,
      effective(world.append(world.entry('application', body, ada, ...ada.all))).digest!,
      world.founders.slice(1),
    )
    if (how === 'suspended') effective(world.state_('fork', forked(log), bo))
    else approve(world, propose(world, { action: 'remove', member: 'ada' }, bo), world.founders.slice(1))
    assert.equal(world.state.members.get('ada')!.status, how)
    for (let i = 0; i < 5; i++) world.tick(60, world.founders.slice(1))
    assert.equal(world.state.members.get('ada')!.status, how)
    for (const kind of ['application', 'approval', 'tick', 'model'] as const) {
      const body: JsonObject = {
        application: { member: ada.fields, keys: ada.keys },
        approval: { of: DIGEST },
        tick: { at: new Date(world.now + 1).toISOString() },
        model: { ...MODEL, name: 'm' },
      }[kind]
      const outcome = world.state_(kind, body, ada, kind === 'tick' ? 'validator' : 'member')
      assert.equal(rule(outcome), 'member-not-active')
    }
  }
})

test('one who left may come back as one who joins, and can revoke its keys meanwhile', () => {
  const { world, ada, bo } = network()
  effective(world.state_('leave', {}, bo))
  effective(
    world.state_(
      'revocation',
      { key: bo.signer('witness').keyid, since: new Date(START).toISOString(), reason: 'lost' },
      bo,
    ),
  )
  world.tick(
    60,
    world.founders.filter(owner => owner !== bo),
  )
  const body = { member: bo.fields, keys: bo.keys }
  const of = effective(world.append(world.entry('application', body, ada, ...bo.all, ada.signer('member'))))
    .digest!
  approve(
    world,
    of,
    world.founders.filter(owner => owner !== bo),
  )
  assert.equal(world.state.members.get('bo')!.status, 'active')
})

test('nothing takes the last validator', () => {
  const deployer = new Owner('dee', ['deployer', 'operator'])
  const { world, ada } = network({ challengeSeconds: 60 }, ['ada', deployer])
  const [, dee] = world.founders as [Owner, Owner]
  const { log } = addNode(world, ada)
  effective(world.state_('fork', forked(log), dee))
  assert.notEqual(world.state.logs.get(log.origin)!.forked, null)
  effective(world.state_('challenge', { type: 'consistency', ...shown(log, 'x') }, dee))
  assert.equal(rule(world.state_('proposal', { action: 'remove', member: 'ada' }, dee)), 'last-of-its-kind')
  const body = { member: { ...ada.fields, roles: ['operator'] }, keys: ada.keys }
  approve(world, effective(world.append(world.entry('application', body, ada, ...ada.all))).digest!, [dee])
  for (let i = 0; i < 4; i++) world.tick(60, [ada])
  assert.notEqual(world.state.logs.get(log.origin)!.silent, null)
  assert.deepEqual(
    [world.state.members.get('ada')!.status, world.state.members.get('ada')!.roles.includes('validator')],
    ['active', true],
  )
})

test('a name that is never admitted is free again, and nobody takes up all room to apply', () => {
  const { world, ada, bo } = network({ openSeconds: 60 })
  const squatter = new Owner('acme', ['auditor'], 'mal')
  effective(apply(world, squatter, bo))
  const acme = new Owner('acme.example', ['auditor'])
  const real = () =>
    world.append(
      world.entry(
        'application',
        { member: { ...acme.fields, id: 'acme' }, keys: acme.keys },
        ada,
        ...acme.all,
        ada.signer('member'),
      ),
    )
  assert.equal(rule(real()), 'name-taken')
  world.tick()
  world.tick()
  const of = effective(real()).digest!
  approve(world, of)
  assert.equal(world.state.members.get('acme')!.status, 'active')
  assert.equal(world.state.keys.get(squatter.signer('member').keyid), undefined)
  // The squatter's friends fill their own room.
  let i = 0
  while (effective_(apply(world, new Owner(`x${i}`, ['auditor']), bo))) i++
  assert.equal(i, 32)
  effective(apply(world, new Owner('dee', ['auditor']), ada))
})

function effective_(outcome: Outcome): boolean {
  assert.ok(outcome.effective || outcome.rule === 'too-many')
  return outcome.effective
}

test('no replay takes effect twice, however the window is amended meanwhile', () => {
  const { world, ada } = network({ windowSeconds: 60, maximumGapSeconds: DAY, tickSeconds: DAY / 2 })
  const old = world.entry('member', { name: 'Old' }, ada, ada.signer('member'))
  effective(world.append(old))
  effective(world.state_('member', { name: 'New' }, ada))
  for (let i = 0; i < 6; i++) world.tick(DAY)
  amend(world, { windowSeconds: 366 * DAY })
  for (let i = 0; i < 6; i++) {
    assert.notEqual(rule(world.append(old)), 'effective')
    world.tick(DAY)
  }
  assert.equal(world.state.members.get('ada')!.name, 'New')
})

test('a statement from before the first tick, of a clock far ahead, takes effect once', () => {
  const world = new RegistryWorld(['ada'], {
    windowSeconds: 60,
    maximumGapSeconds: DAY,
    tickSeconds: DAY / 2,
  })
  const [ada] = world.founders as [Owner]
  const payload = registryPayload({
    kind: 'member',
    network: world.state.network,
    by: 'ada',
    time: START + 10 * DAY * 1000,
    body: { name: 'Old' },
  })
  const old = signEnvelope(payload, [ada.signer('member')])
  effective(world.append(old))
  for (let i = 0; i < 9; i++) world.tick(DAY)
  effective(world.state_('member', { name: 'New' }, ada))
  world.tick(DAY)
  assert.equal(rule(world.append(old)), 'duplicate')
})

test('amendments on their way together neither skip a version of the rules nor take one back', () => {
  const { world } = network()
  const at = world.registry.size + 40
  const ids = [at, at + 60].map(at => propose(world, { action: 'amend', rules: 2, at }))
  for (const of of ids) approve(world, of)
  while (world.state.rules === 1) world.tick()
  assert.ok(world.registry.size >= at && world.registry.size < at + 3)
  world.state.pending.push({ terms: {}, rules: 1, at: at + 10 })
  while (world.registry.size < at + 80) world.tick()
  assert.equal(world.state.rules, 2)
  assert.equal(world.state.pending.length, 0)
})

test('what is checked before an amendment is judged as what is appended after it', () => {
  const { world, ada } = network()
  amend(world, { digestEvery: 32 }, 2)
  const entry = world.entry(
    'tick',
    { at: new Date(world.now + 1).toISOString() },
    ada,
    ada.signer('validator'),
  )
  const judged = world.registry.check(entry)
  assert.deepEqual(world.append(entry), judged)
  assert.equal(rule(judged), 'tick-too-soon')
  // Bytes that change hands between the two are looked at again.
  const buffer = model(world, 'm', ada).slice()
  assert.equal(rule(world.registry.check(buffer)), 'effective')
  buffer[0]! ^= 1
  assert.equal(rule(world.append(buffer)), 'malformed-envelope')
})

test('origins are told apart: a log cannot be called what the registry is, nor a host what a log is', () => {
  const { world, ada, bo, cy } = network()
  const node = (key: string, purpose: string) =>
    rule(
      world.append(
        world.entry(
          'node',
          { name: 'n', url: 'https://x.example', descriptor: DIGEST, log: key, models: [] },
          bo,
          bo.signer('member'),
          bo.signer(purpose),
        ),
      ),
    )
  const asHost = testSigner('ada.example/host', undefined, 'bo')
  assert.equal(node(formatVkey(asHost.key), 'log'), 'unproven-key')
  const signer = { keyid: Buffer.from(asHost.key.publicKey).toString('hex'), sign: asHost.sign }
  const body = {
    name: 'n',
    url: 'https://x.example',
    descriptor: DIGEST,
    log: formatVkey(asHost.key),
    models: [],
  }
  assert.equal(rule(world.append(world.entry('node', body, bo, bo.signer('member'), signer))), 'log-taken')
  // A move does not come twice, and the host moved from cannot be moved from again.
  const first = move(world, bo, [bo, cy])
  effective(world.append(first))
  assert.equal(rule(world.append(first)), 'duplicate')
  assert.equal(
    rule(world.append(move(world, cy, [bo, cy], { from: ada.note('host').key.name }))),
    'wrong-host',
  )
})

test('text for people is what it looks like', () => {
  const { world, ada } = network()
  const name = (name: string) => rule(world.state_('member', { name }, ada))
  for (const bad of [
    'a\u202eb',
    'a\u200bb',
    'a\nb',
    'a\u0007',
    ' a',
    'a\u00a0',
    '',
    ' ',
    '\u2028',
    '\u2066a',
    'a'.repeat(257),
  ])
    assert.equal(name(bad), 'malformed-statement', JSON.stringify(bad))
  for (const good of ['Ada & Sons', 'Ωmega 株式会社', 'é', 'e\u0301'])
    assert.equal(name(good), 'effective', good)
  const use = (intendedUse: string) =>
    rule(world.state_('model', { ...MODEL, name: `m${world.registry.size}`, intendedUse }, ada))
  assert.equal(use('two\n\tlines'), 'effective')
  for (const bad of ['\u001b[2J', '\r', '\u009b', '\u202e', '\u0000'])
    assert.equal(use(bad), 'malformed-statement')
})

test('names that objects have of themselves are names', () => {
  const names = ['constructor', 'tostring', 'valueof', 'hasownproperty']
  const world = new RegistryWorld(names, { waitingSeconds: 0 })
  for (const owner of world.founders) {
    for (const name of ['constructor', '__proto__', 'toString'])
      assert.ok(
        ['effective', 'name-taken', 'malformed-statement'].includes(
          rule(world.state_('model', { ...MODEL, name, version: owner.id.slice(0, 5) }, owner)),
        ),
      )
    effective(addNode(world, owner, 'constructor').outcome)
  }
  world.tick()
  assert.equal(world.state.time, world.now)
  assert.equal(world.state.members.get('__proto__'), undefined)
})

test('a node’s history ends at a bound, and numbers at 2^53', () => {
  const { world, ada } = network()
  addNode(world, ada)
  const models = Array.from({ length: 255 }, () => DIGEST)
  const update = (i: number) => {
    const body = {
      name: 'one',
      url: 'https://x.example',
      descriptor: DIGEST,
      log: ada.key('log').key,
      models,
      i,
    }
    return rule(world.append(world.entry('node', body, ada, ada.signer('member'))))
  }
  let i = 0
  while (update(i) === 'effective') i++
  assert.equal(i, 9)
  const anchor = (size: number) =>
    rule(world.state_('anchor', { log: 'ada.example/log', size, root: DIGEST }, ada))
  assert.deepEqual([2 ** 53, -1, 0.5, 1e300].map(anchor), Array(4).fill('malformed-statement'))
  assert.equal(anchor(2 ** 53 - 1), 'effective')
})

test('a key that was given up is no evidence against its owner', () => {
  const { world, ada, bo } = network()
  const { log } = addNode(world, ada)
  effective(
    world.state_(
      'revocation',
      { key: ada.signer('log').keyid, since: new Date(START).toISOString(), reason: 'stolen' },
      ada,
    ),
  )
  assert.equal(
    rule(world.state_('challenge', { type: 'consistency', ...shown(log, 'x') }, bo)),
    'key-revoked',
  )
  effective(world.state_('fork', forked(log), bo))
  assert.notEqual(world.state.logs.get(log.origin)!.forked, null)
  assert.equal(world.state.members.get('ada')!.status, 'active')
  world.now++
  assert.equal(rule(addNode(world, ada).outcome), 'key-revoked')
})

test('who may only put things right has room for it when the share is used up', () => {
  const { world, ada, bo, cy } = network({ statementsPerEpoch: 10 })
  for (const owner of [ada, bo, cy])
    for (let i = 0; i < 12; i++) world.append(model(world, `${owner.id}${i}`, owner))
  assert.equal(rule(world.append(model(world, 'more', ada))), 'rate-limit')
  amend(world, { statementsPerEpoch: 100 })
  effective(world.append(move(world, bo, [bo, cy])))
  effective(world.append(model(world, 'more', ada)))
})

test('joined members, unlike applicants, speak', () => {
  const { world, ada } = network()
  const dee = new Owner('dee')
  const of = effective(apply(world, dee, ada)).digest!
  assert.equal(rule(world.append(model(world, 'm', dee))), 'unknown-key')
  approve(world, of)
  effective(world.append(model(world, 'm', dee)))
  join(world, new Owner('eve', ['auditor']), dee)
})
