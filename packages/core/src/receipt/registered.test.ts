/** What came along of the registry beside a reader's own copy that is older, or newer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { receipt, world } from '../../test/checking.ts'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { fromUtf8, toHex } from '../bytes.ts'
import { formatVkey } from '../note/index.ts'
import { type CollectionName, findingId, NEWEST_RULES, proveRecords, Registry } from '../registry/index.ts'
import { parseTlogProof } from '../tlog/index.ts'
import type { Receipt } from './receipt.ts'
import { verify } from './verify.ts'

const ZEROS = '00'.repeat(32)
const log = world.log.origin
const { index } = parseTlogProof(receipt.proof)
const entry = suite.sha256Hex(receipt.statement)

/** A registry in which bo operates the world's log, and audrey and amos find this and that of the receipt. */
function audited() {
  const founders = [
    new Owner('ada', ['operator', 'validator']),
    new Owner('bo'),
    new Owner('cy'),
    new Owner('audrey', ['auditor']),
    new Owner('amos', ['auditor']),
  ]
  const audit = { samples: { default: 1, uses: {} }, moveSeconds: 60 }
  const registry = new RegistryWorld(founders, { audit, digestEvery: 16 }, NEWEST_RULES)
  const panel = founders.slice(0, 3)
  registry.tick(60, panel)
  const bo = founders[1]!
  const { keyid, sign } = { keyid: toHex(world.log.signer.key.publicKey), sign: world.log.signer.sign }
  const node = {
    name: 'one',
    url: 'https://bo.example',
    descriptor: suite.sha256Hex(world.documents.node),
    log: formatVkey(world.log.signer.key),
    models: [],
  }
  registry.append(registry.entry('node', node, bo, bo.signer('member'), { keyid, sign }))
  registry.state_('anchor', { log, size: index + 1, root: ZEROS }, bo)
  const finds = (auditor: string, outcome: string) => {
    const by = founders.find(({ id }) => id === auditor)!
    const { rule } = registry.state_(
      'finding',
      { findings: [{ log, index, entry, outcome, report: ZEROS }] },
      by,
    )
    assert.equal(rule, undefined)
  }
  /** A copy of the registry as it is now. */
  const copy = () => {
    const made = new Registry(suite)
    for (const one of registry.entries) made.append(one)
    return made.state
  }
  /** The receipt with what a quorum signed of some records, at the next size that is due. */
  const sealed = (wanted: readonly (readonly [CollectionName, string])[]): Receipt => {
    const before = registry.registry.due?.size ?? 0
    while ((registry.registry.due?.size ?? 0) === before) registry.tick(60, panel)
    const { size, digest } = registry.registry.due!
    const at = new Registry(suite)
    for (const one of registry.entries.slice(0, size)) at.append(one)
    const digests = panel.map(owner => {
      registry.state_('state-digest', { size, digest }, owner, 'validator')
      return fromUtf8(registry.entries.at(-1)!)
    })
    return { ...receipt, registry: proveRecords(at, wanted, digests, suite) }
  }
  return { registry, finds, copy, sealed }
}

const WHO = [
  ['logs', log],
  ['members', 'bo'],
  ['members', 'audrey'],
  ['members', 'amos'],
] as const
/** Of an auditor: what it found, and the key by which it said so. */
const wordOf = (registry: RegistryWorld, auditor: string) => {
  const id = findingId(log, index, auditor)
  return [
    ['findings', id],
    ['keys', registry.state.findings.get(id)!.key],
  ] as const
}
const output = (
  one: Receipt,
  registry: ReturnType<typeof audited>['copy'] extends () => infer S ? S : never,
) => {
  const networks = world.trust.networks.map(network => ({ ...network, registry }))
  return verify(one, { suite, trust: { networks } }).claims.output.reason
}

test('an older copy is told by what came along', () => {
  const { registry, finds, copy, sealed } = audited()
  const old = copy()
  finds('audrey', 'exact')
  const one = sealed([...WHO, ...wordOf(registry, 'audrey')])
  assert.equal(output(receipt, old), 'not-recomputed')
  assert.equal(output(one, old), 'recomputed-exact')
})

test('what a receipt leaves out, an own copy still has, whichever is newer', () => {
  const { registry, finds, copy, sealed } = audited()
  finds('audrey', 'inconsistent')
  const old = copy()
  finds('amos', 'exact')
  const one = sealed([...WHO, ...wordOf(registry, 'amos')])
  for (const state of [old, copy()]) assert.equal(output(one, state), 'recomputation-contested')
})
