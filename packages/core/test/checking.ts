/** One world, a receipt of it, and what comes of checking receipts under its trust. */
import assert from 'node:assert/strict'
import { formatVkey } from '../src/note/index.ts'
import { CLAIMS } from '../src/receipt/claims.ts'
import type { Receipt } from '../src/receipt/receipt.ts'
import type { Trust } from '../src/receipt/trust.ts'
import { type Verification, type VerifyOptions, verify } from '../src/receipt/verify.ts'
import { EPOCH, suite, World } from './fixture.ts'

export const world = new World()
export const LAST = EPOCH + 20 + 2
export const made = world.answer()
export const { receipt } = made

export const check = (of: Receipt, options: VerifyOptions = {}, trust: Trust = world.trust): Verification =>
  verify(of, { suite, trust, ...options })
/** What came of `recorded`, in short. */
export const recorded = (of: Receipt, options: VerifyOptions = {}, trust: Trust = world.trust) => {
  const { result, reason } = check(of, options, trust).claims.recorded
  return [result, reason]
}
export const noneButFailures = ({ claims, disclosed, record, compared, verdict }: Verification) => {
  for (const name of CLAIMS) assert.notEqual(claims[name].result, 'pass', name)
  assert.deepEqual([disclosed, record, verdict.met], [{}, undefined, false])
  assert.deepEqual(compared, { request: 'not-shown', response: 'not-shown' })
}
export const revoking = (time: number, key = world.log.signer.key): Trust => ({
  networks: world.trust.networks.map(network => ({ ...network, revoked: { [formatVkey(key)]: time } })),
})
/** What a disclosure says, in place of the usual. */
export const saying = (name: 'model' | 'parties', value: Record<string, string | null>): Receipt =>
  world.answer({ values: { [name]: value } }).receipt
