/** One statement in its log: revoked keys, times, and proofs of something else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, LAST, receipt, recorded, revoking, world } from '../../test/checking.ts'
import { EPOCH, suite, TestLog } from '../../test/fixture.ts'
import { formatVkey } from '../note/index.ts'
import { formatTlogProof, leafHash, nodeHash, parseTlogProof } from '../tlog/index.ts'
import type { Receipt } from './receipt.ts'
import type { Trust } from './trust.ts'

test('a revoked key: what a quorum saw before stands, all else falls', () => {
  const quorumTime = EPOCH + 21
  const table: [Trust, Receipt, unknown[]][] = [
    [revoking(quorumTime), receipt, ['fail', 'key-revoked']],
    [revoking(quorumTime + 1), receipt, ['pass', 'witnessed']],
    [revoking(LAST + 100), world.answer({ cosigners: {} }).receipt, ['fail', 'key-revoked']],
    [
      revoking(LAST + 100),
      world.answer({ cosigners: world.cosigners(0, 0) }).receipt,
      ['fail', 'key-revoked'],
    ],
    [revoking(EPOCH, world.registry.signer.key), receipt, ['pass', 'witnessed']],
  ]
  for (const [trust, of, expected] of table) assert.deepEqual(recorded(of, {}, trust), expected)
  const { record } = check(receipt, {}, revoking(EPOCH, world.registry.signer.key))
  assert.equal(record!.interval.from, undefined, 'the registry’s key was revoked, so it dates nothing')
  // It is enough that one network of the reader's knows, whichever comes first.
  const [known] = revoking(EPOCH).networks
  const [unaware] = world.trust.networks
  for (const networks of [
    [known!, unaware!],
    [unaware!, known!],
  ])
    assert.deepEqual(recorded(receipt, {}, { networks }), ['fail', 'key-revoked'])
  const [later] = revoking(LAST + 100).networks
  assert.deepEqual(recorded(receipt, {}, { networks: [later!, known!] }), ['fail', 'key-revoked'])
})

test('a revoked witness: a whole quorum from before stands, and no date of its own makes one', () => {
  const [alpha, beta] = world.witnesses
  const trusting = (since: number, ...revoked: (typeof alpha)[]): Trust => ({
    networks: world.trust.networks.map(network => ({
      ...network,
      revoked: Object.fromEntries(revoked.map(one => [formatVkey(one!.signer.key), since])),
    })),
  })
  const cosigned = (cosigners: Record<string, number>) => world.answer({ cosigners }).receipt
  const both = cosigned({ 'alpha-0': EPOCH + 20, 'beta-0': EPOCH + 30 })
  const passes = ['pass', 'witnessed']
  const missed = ['not-checked', 'key-revoked']
  const table: [string, Trust, Receipt, unknown[]][] = [
    ['the quorum is from before', trusting(EPOCH + 31, alpha), both, passes],
    // Its own date is from before, and whoever has the key can write any.
    ['the other one dates from after', trusting(EPOCH + 30, alpha), both, missed],
    ['it dates from after', trusting(EPOCH + 20, alpha), both, missed],
    ['both are revoked', trusting(EPOCH + 25, alpha, beta), both, missed],
    [
      'it states no time',
      trusting(EPOCH + 99, alpha),
      cosigned({ 'alpha-0': 0, 'beta-0': EPOCH + 30 }),
      missed,
    ],
    ['the other two suffice', trusting(EPOCH, alpha), receipt, passes],
    [
      'it was too few anyway',
      trusting(EPOCH, alpha),
      cosigned({ 'alpha-0': LAST }),
      ['not-checked', 'quorum-not-met'],
    ],
  ]
  for (const [name, trust, of, expected] of table) assert.deepEqual(recorded(of, {}, trust), expected, name)
  const { claims } = check(both, {}, trusting(EPOCH, alpha, beta))
  assert.match(claims.recorded.sentence, /A key no longer counts: the keys of alpha-0, beta-0 were revoked/)
  const { record } = check(receipt, {}, trusting(EPOCH, alpha))
  assert.deepEqual(
    record!.witnesses.map(({ name }) => name),
    ['beta-0', 'gamma-0'],
  )
  // A wrong signature condemns the note, whoever is revoked.
  assert.deepEqual(
    check(
      {
        ...both,
        proof: both.proof.replace(/(— alpha-0\S* )\S+/, (_, head) => `${head}${wrongSignature(both)}`),
      },
      {},
      trusting(EPOCH, alpha),
    ).claims.recorded.reason,
    'bad-cosignature',
  )
})

/** Another checkpoint's cosignature by the first witness. */
function wrongSignature(of: Receipt): string {
  const other = world.answer({ cosigners: { 'alpha-0': EPOCH + 21 } }).receipt.proof
  assert.notEqual(other, of.proof)
  return /— alpha-0\S* (\S+)/.exec(other)![1]!
}

test('as of: the quorum’s time is what counts, and no time is never before it', () => {
  const at = (asOf: number) => recorded(receipt, { asOf })
  const quorum = (EPOCH + 21) * 1000
  assert.deepEqual(at(quorum - 1), ['not-checked', 'cosigned-in-future'])
  assert.deepEqual(at(quorum), ['pass', 'witnessed'])
  assert.deepEqual(at(quorum + 999), ['pass', 'witnessed'])
  for (const odd of [Number.NaN, Number.NEGATIVE_INFINITY, -1, 0])
    assert.deepEqual(at(odd), ['not-checked', 'cosigned-in-future'], String(odd))
  // Without a time asked about, one that is stated nowhere is no obstacle; with one, it is.
  const undated = world.answer({ cosigners: world.cosigners(0, 0) }).receipt
  assert.deepEqual(recorded(undated), ['pass', 'witnessed'])
  assert.match(check(undated).claims.recorded.notShown, /when it was recorded/)
})

test('a proof is of one entry, in one log, under one checkpoint', () => {
  const { index, hashes, checkpoint } = parseTlogProof(receipt.proof)
  const proven = (change: object) => ({
    ...receipt,
    proof: formatTlogProof({ index, hashes, checkpoint, ...change }),
  })
  for (let other = 0; other < 64; other++)
    if (other !== index)
      assert.deepEqual(recorded(proven({ index: other })), ['fail', 'not-included'], `${other}`)
  for (let size = 1; size <= world.log.size; size++) {
    const under = world.log.checkpoint(world.witnesses, world.cosigners(), size)
    if (under.split('\n')[1] !== checkpoint.split('\n')[1])
      assert.deepEqual(recorded(proven({ checkpoint: under })), ['fail', 'not-included'], `${size}`)
  }
  for (const wrong of [
    [],
    hashes.slice(1),
    hashes.slice(0, -1),
    [...hashes].reverse(),
    [...hashes, hashes[0]!],
  ])
    assert.deepEqual(recorded(proven({ hashes: wrong })), ['fail', 'not-included'])
  // The node above the entry, passed off as an entry of a smaller tree.
  const leaf = leafHash(suite.sha256(receipt.statement), suite)
  const above = nodeHash(leaf, hashes[0]!, suite)
  assert.deepEqual(recorded(proven({ index: index >> 1, hashes: [above, ...hashes.slice(1)] })), [
    'fail',
    'not-included',
  ])
})

test('proofs do not cross logs', () => {
  // The same statement in two trusted logs: it stands in the one that it names, and there alone.
  const second = world.answer({ log: world.registry })
  assert.deepEqual(recorded(second.receipt), ['fail', 'wrong-log'])
  const { registryCheckpoint: _, ...bare } = receipt
  assert.deepEqual(recorded({ ...bare, proof: second.receipt.proof }), ['fail', 'not-included'])
  // A fork of the log by its own key, which no witness saw.
  const fork = new TestLog(world.log.origin, 'world log')
  fork.fill(3)
  const forked = world.answer({ log: fork, cosigners: {} }).receipt
  assert.deepEqual(recorded(forked), ['not-checked', 'quorum-not-met'])
  // With the cosignatures of the log that they saw.
  const seen = parseTlogProof(receipt.proof).checkpoint.split('\n').slice(-4).join('\n')
  assert.deepEqual(recorded({ ...forked, proof: `${forked.proof}${seen}` }), ['fail', 'bad-cosignature'])
})
