import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { atLeast, BASES, CLAIMS, REASONS } from './claims.ts'

test('bases are in order', () => {
  for (const [i, a] of BASES.entries())
    for (const [j, b] of BASES.entries()) assert.equal(atLeast(a, b), i >= j, `${a} ${b}`)
})

test('docs/claims.md has every reason, and no other, each with a known claim, result and basis', () => {
  const page = readFileSync(new URL('../../../../docs/claims.md', import.meta.url), 'utf8')
  const rows = page
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
    .filter(cells => /^`[a-z-]+`$/.test(cells[3] ?? ''))
  assert.deepEqual([...new Set(rows.map(cells => cells[3]!.slice(1, -1)))].sort(), [...REASONS].sort())
  for (const [, claim, result, reason, basis] of rows) {
    for (const name of claim!.split(', '))
      assert.ok((CLAIMS as readonly string[]).includes(name), `${reason}`)
    assert.ok(['pass', 'fail', 'not-checked'].includes(result!), `${reason}`)
    if (result === 'not-checked') assert.equal(basis, '–', `${reason}`)
    else assert.ok((BASES as readonly string[]).includes(basis!), `${reason}: ${basis}`)
  }
  assert.ok(!/\bverified\b/i.test(page))
})
