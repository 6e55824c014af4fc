import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CHECKS, EVIDENCE_REASONS } from './check.ts'
import { FORMATS } from './format.ts'
import { DEFAULT_EVIDENCE_POLICY, parseEvidencePolicy, SNP_PARTS } from './policy.ts'
import { ROOT_SETS } from './roots.ts'

const page = readFileSync(new URL('../../../../docs/evidence.md', import.meta.url), 'utf8')
const rows = page.split('\n').map(line => line.split('|').map(cell => cell.trim()))
const OUTCOMES = ['pass', 'fail', 'not-checked'] as const
const isOne = (list: readonly string[], name: string) => list.includes(name)

test('docs/evidence.md has every reason of every check, and no other, in their order', () => {
  const listed = rows
    .filter(([, check = '', outcome = '']) => isOne(CHECKS, check) && isOne(OUTCOMES, outcome))
    .map(([, check, outcome, reason, words]) => {
      assert.ok(words, `${reason}`)
      return [check, outcome, reason].join(' ')
    })
  const expected = CHECKS.flatMap(check =>
    OUTCOMES.flatMap(outcome =>
      EVIDENCE_REASONS[check][outcome].map(reason => `${check} ${outcome} \`${reason}\``),
    ),
  )
  assert.deepEqual(listed, expected)
  assert.ok(!/\bverified\b/i.test(page))
})

test('docs/evidence.md has every format, field of a policy, set of roots and part of a TCB', () => {
  const first = rows.map(cells => cells[1])
  for (const name of [...FORMATS, ...Object.keys(DEFAULT_EVIDENCE_POLICY)])
    assert.ok(first.includes(`\`${name}\``), name)
  for (const name of [...ROOT_SETS, ...SNP_PARTS]) assert.ok(page.includes(`\`${name}\``), name)
})

test('docs/evidence.md says the default policy, and its example is one', () => {
  const { require, debug, tcb, snp } = DEFAULT_EVIDENCE_POLICY
  const defaults = Object.fromEntries(rows.map(cells => [cells[1]?.replaceAll('`', ''), cells[2] ?? '']))
  for (const [format, checks] of Object.entries(require)) {
    assert.ok(defaults.require!.includes(`\`${format}\``), format)
    assert.ok(defaults.require!.includes(checks.join(', ')), format)
  }
  assert.equal(defaults.debug, `\`${debug}\``)
  assert.ok(defaults.tcb!.endsWith(tcb.tdx.map(name => `\`${name}\``).join(', ')))
  assert.deepEqual(tcb.tdx, tcb.sgx)
  assert.ok(defaults.snp!.endsWith(`\`vmpl\`: ${snp.vmpl}`))
  const [, example] = /```json\n([\s\S]*?)```/.exec(page)!
  assert.equal(parseEvidencePolicy(example!).references.length, 1)
})
