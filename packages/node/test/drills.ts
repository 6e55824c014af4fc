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

/** Drills with an auditor. */
export const AUDITED: Noticed = {
  'swapped-model': [[/auditor/, /1 of 2 values differ/]],
  'coarser-quantisation': [[/followed the recorded text/, /Both part at token/]],
  'changed-sampling': [[/followed the recorded text/, /the model draws another answer/]],
  'shopped-seed': [[/followed the recorded text/, /the model draws another answer/]],
  'honest-runtimes': [[/before anything else/, /^Run again in another setting: runtime: onnxruntime-web/]],
  'withheld-record': [[/drawn/, /log’s own proof/]],
  'wrong-opening': [[/log’s own entry/, /content-altered/]],
  'lying-auditor': [[/its own trace/, /something else/]],
  'late-moves': [
    [/replays/, /void: out-of-turn/],
    [/clock/, /no move/],
  ],
  'flooding-auditor': [
    [/host/, /8 disputes.*too-many/],
    [/gateway/, /too-many-requests/],
  ],
}

/** Drills with evidence of a simulated machine. */
export const ATTESTED: Noticed = {
  'debug-mode-evidence': [
    [/own process/, /debug fails: debug-mode/],
    [/ada, cy and dee/, /^debug:debug-mode$/],
    [/anyone/, /^place: fail, evidence-rejected.*\(debug-mode\)/],
  ],
  'revoked-platform': [
    [/anyone.*newest list/, /^place: fail, evidence-rejected.*\(certificate-revoked\)/],
    [/own process/, /revocation fails: certificate-revoked/],
    [/ada, cy and dee/, /^revocation:certificate-revoked$/],
  ],
  'unbound-gpu': [
    [/own process/, /wrong-nonce/],
    [/ada, cy and dee/, /^nonce:wrong-nonce, devices:device-not-bound$/],
    [/anyone/, /^place: fail, device-not-bound/],
  ],
  'revoked-measurement': [
    [/anyone/, /^place: fail, measurement-revoked.*"cy Ltd" \(cy\) revoked/],
    [/anyone/, /^place: fail, measurement-revoked.*quorum of validators revoked/],
  ],
  'missing-collateral': [
    [/own process/, /status 503/],
    [/ada, cy and dee/, /key-missing.*endorsement-missing.*no-revocation-answer/],
    [/anyone/, /^place: not-checked, evidence-incomplete/],
  ],
  'disagreeing-appraisals': [
    [/replays/, /dee: not met \(debug:debug-mode\)/],
    [/anyone/, /^Contested: "dee Ltd" \(dee\)/],
  ],
}

/** Runs these drills, some at once. */
export function testDrills(expected: Noticed, concurrency: number): void {
  describe('with its fault', { concurrency }, () => {
    for (const name of Object.keys(expected)) {
      test(name, { timeout: 120_000 }, async t => {
        const report = await runDrill(name)
        if (report.skipped !== undefined) {
          if (process.env.CI) assert.fail(`in CI it must run: ${report.skipped}`)
          checkText(report)
          return t.skip(report.skipped)
        }
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
      test(`${name} fails, and nobody raises an alarm`, { timeout: 120_000 }, async t => {
        const report = await runDrill(name, { inject: false })
        if (report.skipped !== undefined) return t.skip(report.skipped)
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
