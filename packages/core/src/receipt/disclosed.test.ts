/** What a receipt opens, and the bytes that are compared with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, made, receipt, recorded, world } from '../../test/checking.ts'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { disclosureText } from '../statement/index.ts'
import { CLAIMS } from './claims.ts'
import { verify } from './verify.ts'

test('disclosures stay with their name and their receipt', () => {
  const other = world.answer().receipt
  const names = ['request', 'response', 'model', 'sampling', 'parties'] as const
  for (const name of names) {
    for (const text of [
      other.disclosures[name]!,
      ...names.filter(each => each !== name).map(each => receipt.disclosures[each]!),
    ]) {
      const swapped = { ...receipt, disclosures: { ...receipt.disclosures, [name]: text } }
      const { claims, disclosed, verdict } = check(swapped)
      assert.ok(
        CLAIMS.some(claim => claims[claim].reason === 'disclosure-altered'),
        name,
      )
      assert.equal(disclosed[name], undefined)
      assert.equal(verdict.met, false)
    }
  }
  // Recorded under another name than it has of itself: it opens, and is refused all the same.
  const text = disclosureText(receipt.disclosures.model!.slice(2, 45), 'parties', '{"operator":"o"}')
  const digest = suite.sha256Hex(utf8(text))
  const fields = { disclosures: { ...made.statement.disclosures, model: digest, request: digest } }
  const misnamed = { ...world.answer({ fields }).receipt, content: {} }
  const { claims } = check({ ...misnamed, disclosures: { model: text, request: text } })
  assert.deepEqual(
    [claims.model.reason, claims.recorded.reason],
    ['disclosure-malformed', 'disclosure-malformed'],
  )
})

test('bytes of the reader and of the receipt: both must be those recorded', () => {
  const { request, response } = made
  const wrong = utf8('other')
  const table: [held: Uint8Array | undefined, carried: Uint8Array | undefined, compared: string][] = [
    [undefined, undefined, 'not-given'],
    [request, undefined, 'same'],
    [undefined, request, 'same'],
    [request, request, 'same'],
    [wrong, request, 'different'],
    [request, wrong, 'different'],
    [wrong, undefined, 'different'],
    [undefined, wrong, 'different'],
    [new Uint8Array(0), undefined, 'different'],
  ]
  for (const [held, carried, expected] of table) {
    const content = { response, ...(carried && { request: carried }) }
    const { claims, compared, verdict } = check({ ...receipt, content }, held && { request: held })
    assert.equal(compared.request, expected)
    assert.equal(verdict.met, expected !== 'different')
    assert.equal(claims.recorded.reason, expected === 'different' ? 'request-mismatch' : 'witnessed')
    // Bytes that came along are no bytes that the reader holds.
    if (verdict.met)
      assert.equal(claims.recorded.notShown.includes('that the request is the one you hold'), !held)
  }
  const { request: _, ...closed } = receipt.disclosures
  const undisclosed = check({ ...receipt, disclosures: closed, content: {} }, { request })
  assert.deepEqual(
    [undisclosed.claims.recorded.reason, undisclosed.compared.request, undisclosed.verdict.met],
    ['not-disclosed', 'not-disclosed', false],
  )
  // A stream that has only begun has no response to compare with.
  assert.deepEqual(recorded(world.begin().receipt, { response }), ['not-checked', 'not-disclosed'])
})

test('the length that was recorded is compared too', () => {
  const { request } = made
  const value = { sha256: suite.sha256Hex(request), length: request.length + 1 }
  const { receipt: of } = world.answer({ values: { request: value } })
  assert.deepEqual(recorded(of), ['fail', 'request-mismatch'])
})

test('a stream’s chunks must be those of its bytes', () => {
  const bytes = utf8('data: a\n\ndata: b\n\n')
  const value = { sha256: suite.sha256Hex(bytes), length: bytes.length }
  const good = JSON.parse(world.stream('end', { response: bytes }).receipt.disclosures.response!)[2].chunks
  const table: [unknown, string][] = [
    [good, 'witnessed'],
    [undefined, 'witnessed'],
    [{ ...good, count: 1 }, 'response-mismatch'],
    [{ ...good, count: 3 }, 'response-mismatch'],
    [{ ...good, count: 2 ** 40 }, 'response-mismatch'],
    [{ ...good, key: '00'.repeat(32) }, 'response-mismatch'],
    [{ ...good, root: '00'.repeat(32) }, 'response-mismatch'],
    [{}, 'response-mismatch'],
    [null, 'response-mismatch'],
  ]
  for (const [chunks, reason] of table) {
    const response = { ...value, ...(chunks !== undefined && { chunks }) } as never
    const { claims } = check(world.stream('end', { response: bytes, values: { response } }).receipt)
    assert.equal(claims.recorded.reason, reason, JSON.stringify(chunks))
  }
})

test('the work over a response of nothing but line ends has a bound', () => {
  let chunksHashed = 0
  const counting = {
    ...suite,
    hmacSha256: () => {
      chunksHashed++
      return new Uint8Array(32)
    },
  }
  const bytes = new Uint8Array(4 * 1024 * 1024).fill(10)
  const value = { sha256: suite.sha256Hex(bytes), length: bytes.length }
  for (const count of [5, bytes.length]) {
    const response = { ...value, chunks: { key: '00'.repeat(32), root: '00'.repeat(32), count } }
    const { receipt: of } = world.answer({ response: utf8('x'), values: { response } })
    verify({ ...of, content: { response: bytes } }, { suite: counting, trust: world.trust })
  }
  assert.ok(chunksHashed < 100_000, String(chunksHashed))
})
