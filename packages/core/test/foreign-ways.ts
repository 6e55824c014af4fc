/** For each reason that only receipts of other systems have, one way to come by it. */
import { utf8 } from '../src/bytes.ts'
import type { Claim, ClaimName, Reason } from '../src/receipt/claims.ts'
import { type AnyJson, lookAt, Wallet } from './foreign.ts'

const wallet = new Wallet()
const HASHES = `${'0'.repeat(64)}:${'1'.repeat(64)}`
const signed = (text: string): AnyJson => ({
  text,
  signature: wallet.sign(text),
  signing_address: wallet.address,
  signing_algo: 'ecdsa',
})
const near = (file: AnyJson, key: string = wallet.address) => lookAt('near', file, { key: utf8(key) })
const good = signed(`m:${HASHES}`)

type ForeignReason =
  | 'no-log'
  | 'unknown-signer'
  | 'bad-receipt-signature'
  | 'signer-mismatch'
  | 'signer-assertion'
  | 'not-signed'
  | 'nobody-answers'

export const FOREIGN_WAYS: Record<
  ForeignReason & Reason,
  [ClaimName, Claim['result'], Claim['basis'], () => ReturnType<typeof lookAt>]
> = {
  'no-log': ['recorded', 'not-checked', undefined, () => near(good)],
  'unknown-signer': ['recorded', 'not-checked', undefined, () => lookAt('near', good)],
  'bad-receipt-signature': ['recorded', 'fail', 'signature', () => near({ ...good, text: `n:${HASHES}` })],
  'signer-mismatch': ['recorded', 'fail', 'signature', () => near(good, new Wallet().address)],
  'signer-assertion': ['model', 'pass', 'assertion', () => near(good)],
  'not-signed': ['model', 'not-checked', undefined, () => near(signed(HASHES))],
  'nobody-answers': ['accountability', 'not-checked', undefined, () => near(good)],
}
