/** Every drill with its fault, and without: then it must fail, or it shows nothing. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type DrillReport, formatReport, runDrill } from '../src/drill/index.ts'

/** What each drill must have noticed: words of who, and of the evidence. */
type Noticed = Record<string, readonly [who: RegExp, evidence: RegExp][]>

/** Drills with a network of one owner. */
export const ONE_OWNER: Noticed = {
  'flipped-byte': [
    [/start/, /00000000\.seg/],
    [/start/, /rolled-back/],
    [/start/, /corrupt/],
    [/holder/, /not-included/],
    [/gateway/, /corrupt/],
    [/gateway/, /corrupt/],
    [/auditor/, /entry 1/],
  ],
  'forked-log': [
    [/3 witnesses/, /409.*two roots/],
    [/witnesses/, /422/],
    [/publishers/, /halted/],
    [/two callers/, /one index/],
  ],
  'dead-witnesses': [
    [/monitor/, /witness-1/],
    [/monitor/, /all three/],
    [/reader/, /quorum-not-met/],
  ],
  'kill-in-commit': [[/callers/, /broke before an answer with a receipt/]],
  'no-receipt': [
    [/caller/, /^no-receipt/],
    [/caller/, /^receipt-rejected/],
    [/caller/, /^receipt-rejected/],
    [/caller/, /^no-receipt/],
  ],
  'restored-snapshot': [[/start.*witnesses/, /saw 5 records/]],
  'stream-cut-off': [
    [/caller/, /after 3 events/],
    [/record/, /upstream-error/],
    [/record/, /client-aborted/],
    [/next start/, /interrupted/],
  ],
  'dissenting-models': [
    [/route/, /approved differs/],
    [/receipt/, /1 of 2 agree; "credit-int8" dissents/],
    [/file/, /another digest/],
  ],
}

/** Drills with a network of many. */
export const MANY_OWNERS: Noticed = {
  'forbidden-entry': [
    [/bo, cy and dee/, /void, not-yours/],
    [/bo, cy and dee/, /void, bad-signature/],
    [/bo, cy and dee/, /void, malformed-envelope/],
  ],
  'wrong-state-digest': [
    [/ada, bo and dee/, /void, wrong-digest/],
    [/ada, bo and dee/, /void, two-digests/],
  ],
  'censoring-host': [
    [/dee/, /come again/],
    [/bo, cy and dee/, /censoring: [0-9a-f]{16} was handed in/],
  ],
  'silent-host': [[/bo, cy and dee/, /silent: nothing new/]],
  'conflicting-hand-ins': [[/ada, bo, cy and dee/, /effective.*void: name-taken/]],
  'late-validator': [
    [/host/, /eve\/witness-1/],
    [/everyone/, /last tick/],
  ],
  'stolen-key': [
    [/bo/, /never made/],
    [/each of the four/, /key-revoked/],
    [/reader/, /recorded fails, key-revoked/],
  ],
  'rules-change': [[/each at the same entry/, /void, tick-too-soon/]],
  'backdated-record': [
    [/anyone/, /until/],
    [/caller/, /quorum-not-met/],
  ],
}

/** Runs these drills, some at once. */
export function testDrills(expected: Noticed, concurrency: number): void {
  describe('with its fault', { concurrency }, () => {
    for (const name of Object.keys(expected)) {
      test(name, { timeout: 120_000 }, async () => {
        const report = await runDrill(name)
        assert.equal(report.passed, true, formatReport(report))
        const notices = expected[name]!
        assert.equal(report.noticedBy.length, notices.length)
        for (const [i, [who, evidence]] of notices.entries()) {
          assert.match(report.noticedBy[i]!.who, who)
          assert.match(report.noticedBy[i]!.evidence, evidence)
          assert.ok(report.noticedBy[i]!.afterMs >= 0)
        }
        assert.ok(report.injected.length > 0 && report.atOnce.length > 0 && report.consequence.length > 0)
        assert.ok(report.payer !== '' && report.appeal !== '' && report.notShown.length > 0)
        checkText(report)
      })
    }
  })

  describe('without its fault', { concurrency }, () => {
    for (const name of Object.keys(expected)) {
      test(`${name} fails, and nobody raises an alarm`, { timeout: 120_000 }, async () => {
        const report = await runDrill(name, { inject: false })
        assert.equal(report.passed, false)
        assert.equal(report.brokeOff, undefined)
        assert.deepEqual(report.injected, [])
        assert.deepEqual(report.noticedBy, [])
        assert.ok(report.missed.some(line => line.startsWith('not noticed by')))
        checkText(report)
      })
    }
  })
}

/** Plain data, which reads at 80 columns and does not say more than it may. */
function checkText(report: DrillReport): void {
  assert.deepEqual(JSON.parse(JSON.stringify(report)), report)
  const text = formatReport(report)
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line)
  assert.doesNotMatch(text, /verified/i)
}
