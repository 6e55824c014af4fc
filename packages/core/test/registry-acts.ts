/** What tests have owners do in a registry, and what they look at. */
import assert from 'node:assert/strict'
import { toHex, utf8 } from '../src/bytes.ts'
import { addSignature, COLLECTIONS, type Outcome, type State, type Terms } from '../src/registry/index.ts'
import type { JsonObject } from '../src/shape.ts'
import { suite, TestLog } from './fixture.ts'
import type { Owner, RegistryWorld } from './registry.ts'

export const DIGEST = 'ab'.repeat(32)

/** A digest of all that the rules know, but for these. */
export function dump(state: State, ...without: (keyof State)[]): string {
  const collections = COLLECTIONS.map(name => [name, [...state[name].entries()]])
  const rest = (
    [
      'network',
      'name',
      'terms',
      'rules',
      'pending',
      'time',
      'clock',
      'epoch',
      'epochBegan',
      'ticks',
      'usage',
      'handInUsage',
      'evidenceUsage',
      'anchors',
      'reveals',
      'digests',
      'keysOf',
      'keyNames',
      'modelOwners',
      'open',
      'host',
    ] as const
  )
    .filter(name => !without.includes(name))
    .map(name => [name, state[name]])
  const plain = (_: string, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value
  const kept = collections.filter(([name]) => !without.includes(name as keyof State))
  return suite.sha256Hex(utf8(JSON.stringify([kept, rest], plain)))
}

export function effective(outcome: Outcome): Outcome {
  assert.equal(outcome.rule, undefined, outcome.detail ?? outcome.rule ?? '')
  return outcome
}

/** Both chambers say yes. */
export function approve(world: RegistryWorld, of: string, owners: readonly Owner[] = world.founders): void {
  for (const owner of owners) {
    const found = world.state.applications.get(of) ?? world.state.proposals.get(of)!
    if (found.status === 'open') effective(world.state_('approval', { of }, owner))
  }
}

export function propose(world: RegistryWorld, body: JsonObject, by: Owner = world.founders[0]!): string {
  return effective(world.state_('proposal', body, by)).digest!
}

export function amend(world: RegistryWorld, terms: Partial<Terms>, rules?: number): void {
  const body = { action: 'amend', terms: terms as JsonObject, ...(rules !== undefined && { rules }) }
  approve(world, propose(world, { ...body, at: world.registry.size + 1 }))
}

export function apply(world: RegistryWorld, owner: Owner, sponsor: Owner = world.founders[0]!): Outcome {
  const body = { member: owner.fields, keys: owner.keys }
  return world.append(world.entry('application', body, sponsor, ...owner.all, sponsor.signer('member')))
}

/** Applies and is admitted. */
export function join(world: RegistryWorld, owner: Owner, sponsor: Owner = world.founders[0]!): void {
  approve(world, effective(apply(world, owner, sponsor)).digest!)
  for (let i = 0; i < 100 && world.state.members.get(owner.id)?.status !== 'active'; i++) world.tick()
  assert.equal(world.state.members.get(owner.id)?.status, 'active')
}

/** Registers a node whose log is `log`. */
export function addNode(
  world: RegistryWorld,
  owner: Owner,
  name = 'one',
): { log: TestLog; outcome: Outcome } {
  const log = new TestLog(`${owner.id}.example/log`)
  const body = {
    name,
    url: `https://${owner.id}.example`,
    descriptor: DIGEST,
    log: owner.key('log').key,
    models: [DIGEST],
  }
  const entry = world.entry('node', body, owner, owner.signer('member'), owner.signer('log'))
  return { log, outcome: world.append(entry) }
}

/** The evidence that a log holds a record, as challenges bring it. */
export function shown(log: TestLog, record: string): { log: string; entry: string; proof: string } {
  const entry = suite.sha256(utf8(record))
  const index = log.append(entry)
  return { log: log.origin, entry: toHex(entry), proof: log.prove(index, log.checkpoint()) }
}

/** Two signed checkpoints of one size. */
export function forked(log: TestLog): { log: string; notes: string[] } {
  const other = new TestLog(log.origin)
  other.fill(log.size)
  other.append(utf8('x'))
  log.append(utf8('y'))
  return { log: log.origin, notes: [log.checkpoint(), other.checkpoint()] }
}

/** A host move to another owner, as of now, signed by these. */
export function move(
  world: RegistryWorld,
  to: Owner,
  signers: readonly Owner[],
  body: JsonObject = {},
): Uint8Array {
  const all: JsonObject = {
    from: world.state.host!.origin,
    size: world.registry.size,
    root: world.root(),
    to: { vkey: to.key('host').key, member: to.id, url: `https://${to.id}.example` },
    reason: 'gone',
    ...body,
  }
  let entry = world.entry('host-move', all, to, to.signer('validator'))
  for (const owner of signers) if (owner !== to) entry = addSignature(entry, owner.signer('validator'))
  return entry
}

/** Ticks until the next epoch. */
export function nextEpoch(world: RegistryWorld): void {
  const { epoch } = world.state
  for (let i = 0; i < 1000 && world.state.epoch === epoch; i++) world.tick()
  assert.equal(world.state.epoch, epoch + 1)
}

/** Links of a hash chain, the one to be revealed first at the front. */
export function chain(seed: string, length: number): { tip: string; links: string[] } {
  const links = [suite.sha256(utf8(seed))]
  while (links.length < length) links.unshift(suite.sha256(links[0]!))
  return { tip: suite.sha256Hex(links[0]!), links: links.map(toHex) }
}
