/** Altered quotes and collateral: every byte of what is signed, and of what frames it in a quote. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { flipped } from '../../../test/fixture.ts'
import {
  appraiseMade,
  appraiseQuote,
  faultsOf,
  type MadeQuote,
  makeTdxQuote,
  QUOTE_TIME,
  type QuoteAsked,
  rememberingSuite,
} from '../../../test/quote.ts'
import { utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { Endorsement } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../policy.ts'

const VECTORS = new URL('../../../../../../shared/vectors/tdx/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'

function vector(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, VECTORS)))
}

function packed(collateral: Record<string, string>): Endorsement[] {
  return [{ kind: 'intel-collateral', bytes: utf8(JSON.stringify(collateral)) }]
}

/** That a document with any one byte changed is refused, while its parser or its checks say why. */
function assertEveryByteCounts(made: Pick<MadeQuote, 'quote'>, asked: QuoteAsked & { time: number }): void {
  const suite = rememberingSuite()
  assert.equal(appraiseQuote(made.quote, { ...asked, suite }).verdict.met, true)
  for (let at = 0; at < made.quote.length; at++) {
    let faults: string[]
    try {
      faults = faultsOf(appraiseQuote(flipped(made.quote, at, 1 << (at % 8)), { ...asked, suite }))
    } catch (error) {
      assert.ok(error instanceof AnswerableError, `byte ${at}: ${error}`)
      continue
    }
    assert.notDeepEqual(faults, [], `byte ${at}`)
  }
}

test('every byte of a quote counts', () => {
  for (const version of [4, 5] as const) {
    const made = makeTdxQuote({ version, padding: new Uint8Array(8) })
    const roots = { ...DEFAULT_EVIDENCE_POLICY.roots, intel: [made.root] }
    assertEveryByteCounts(made, { time: QUOTE_TIME, endorsements: made.endorsements, policy: { roots } })
  }
})

test('every byte of what Intel signed counts', () => {
  const made = makeTdxQuote()
  const suite = rememberingSuite()
  const { pck_crl_issuer_chain, tcb_info_issuer_chain, qe_identity_issuer_chain, ...rest } = made.collateral
  for (const [field, text] of Object.entries(rest)) {
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === '0' ? '1' : '0'
      const altered = { ...made.collateral, [field]: text.slice(0, at) + other + text.slice(at + 1) }
      const found = appraiseMade(made, { endorsements: packed(altered), suite })
      assert.equal(found.verdict.met, false, `${field} at ${at}`)
    }
  }
  for (const [field, text] of Object.entries({
    pck_crl_issuer_chain,
    tcb_info_issuer_chain,
    qe_identity_issuer_chain,
  })) {
    for (let at = 0; at < text!.length; at++) {
      // Line ends are nobody's.
      if (text![at] === '\n') continue
      const other = text![at] === 'A' ? 'B' : 'A'
      const altered = { ...made.collateral, [field]: text!.slice(0, at) + other + text!.slice(at + 1) }
      const found = appraiseMade(made, { endorsements: packed(altered), suite })
      assert.equal(found.verdict.met, false, `${field} at ${at}`)
    }
  }
})

test('every byte of Phala’s quote counts', { skip }, () => {
  const endorsements: Endorsement[] = [
    { kind: 'intel-collateral', bytes: vector('phala_tdx_quote_collateral.json') },
  ]
  assertEveryByteCounts(
    { quote: vector('phala_tdx_quote') },
    { time: Date.parse('2025-07-01T00:00:00Z'), endorsements },
  )
})
