/** A second proof under an earlier checkpoint: it dates the record, and keeps shown what was shown once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, revoking } from '../../test/checking.ts'
import { EPOCH, World } from '../../test/fixture.ts'
import { parseTlogProof } from '../tlog/index.ts'
import { formatReceipt, parseReceipt, type Receipt } from './receipt.ts'
import type { Trust } from './trust.ts'

const DAY = 86_400

/** A receipt made a day after its record, with the proof of that day and the one that dates it. */
function late(cosigners?: Record<string, number>): { receipt: Receipt; world: World; index: number } {
  const world = new World()
  const { receipt } = world.answer()
  const { index } = parseTlogProof(receipt.proof)
  world.log.fill(50)
  const checkpoint = world.log.checkpoint(world.witnesses, cosigners ?? world.cosigners(EPOCH + DAY))
  return {
    receipt: { ...receipt, proof: world.log.prove(index, checkpoint), earlier: receipt.proof },
    world,
    index,
  }
}

const of = (receipt: Receipt, trust: Trust, asOf?: number) => {
  const { claims, record } = check(receipt, asOf === undefined ? {} : { asOf }, trust)
  return [claims.recorded.reason, record?.interval.until]
}

test('the earlier of two proofs dates the record', () => {
  const { receipt, world } = late()
  const { earlier, ...without } = receipt
  assert.deepEqual(of(without, world.trust), ['witnessed', EPOCH + DAY + 1])
  assert.deepEqual(of(receipt, world.trust), ['witnessed', EPOCH + 21])
  assert.deepEqual(of(parseReceipt(Buffer.from(formatReceipt(receipt))), world.trust), [
    'witnessed',
    EPOCH + 21,
  ])
  // It does not matter which of them is called the earlier.
  assert.deepEqual(of({ ...receipt, proof: earlier!, earlier: receipt.proof }, world.trust), [
    'witnessed',
    EPOCH + 21,
  ])
})

test('what was shown once stays shown: as of a time between, without a quorum of today, after the key was given up', () => {
  const { receipt, world } = late()
  assert.deepEqual(of(receipt, world.trust, (EPOCH + 60) * 1000), ['witnessed', EPOCH + 21])
  const few = late({ 'alpha-0': EPOCH + DAY })
  assert.deepEqual(of(few.receipt, few.world.trust), ['witnessed', EPOCH + 21])
  const given = { ...revoking(EPOCH + 60, world.log.signer.key) }
  const trust = {
    ...world.trust,
    networks: world.trust.networks.map((one, i) => ({
      ...one,
      ...(given.networks[i]!.revoked && { revoked: given.networks[i]!.revoked }),
    })),
  }
  assert.deepEqual(of(receipt, trust), ['witnessed', EPOCH + 21])
  const { earlier: _, ...without } = receipt
  assert.equal(of(without, trust)[0], 'key-revoked')
})

test('one that proves nothing changes nothing, and one that is forged fails', () => {
  const { receipt, world, index } = late()
  const unseen = world.log.prove(index, world.log.checkpoint(world.witnesses, {}, index + 2))
  assert.deepEqual(of({ ...receipt, earlier: unseen }, world.trust), ['witnessed', EPOCH + DAY + 1])
  const other = world.answer().receipt
  const table = {
    'of another entry': of({ ...receipt, earlier: other.proof }, world.trust)[0],
    'no proof at all': of({ ...receipt, earlier: 'x' }, world.trust)[0],
    'with a cosignature that was altered': of(
      {
        ...receipt,
        earlier: receipt.earlier!.replace(
          /(— alpha-0\S* \S{20})(.)/,
          (_, a, b) => a + (b === 'A' ? 'B' : 'A'),
        ),
      },
      world.trust,
    )[0],
    'the newer one forged': of({ ...receipt, proof: 'x' }, world.trust)[0],
  }
  assert.deepEqual(table, {
    'of another entry': 'not-included',
    'no proof at all': 'malformed-proof',
    'with a cosignature that was altered': 'bad-cosignature',
    'the newer one forged': 'malformed-proof',
  })
})
