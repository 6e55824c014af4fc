import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { RULES } from './index.ts'
import { NEWEST_RULES, rulesOf } from './rules.ts'
import { COLLECTIONS } from './state.ts'

const PAGE = readFileSync(new URL('../../../../docs/registry.md', import.meta.url), 'utf8')

/** Names in the first cells of a section's table. */
function named(section: string): string[] {
  const text = PAGE.split(`\n## ${section}\n`)[1]!.split('\n## ')[0]!
  const rows = text.split('\n').filter(line => line.startsWith('| `'))
  return rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`([a-z-]+)`/g)].map(match => match[1]!))
}

test('docs/registry.md has every kind and every rule, and no others', () => {
  assert.deepEqual(named('Kinds').sort(), [...rulesOf(NEWEST_RULES).keys()].sort())
  assert.deepEqual(named('Rules').sort(), [...RULES].sort())
})

test('docs/registry.md says which version of the rules a kind came with', () => {
  const before = (version: number) => new Set(version === 1 ? [] : rulesOf(version - 1).keys())
  for (let version = 1; version <= NEWEST_RULES; version++)
    for (const kind of rulesOf(version).keys()) {
      if (before(version).has(kind)) continue
      const row = PAGE.split('\n').find(line => line.startsWith(`| \`${kind}\``))!
      assert.equal(/\(rules (\d+)\) \|/.exec(row)?.[1] ?? '1', `${version}`, kind)
    }
})

test('docs/registry.md names every collection that a state digest is over', () => {
  const text = PAGE.split('\n## The state digest\n')[1]!.split('. A collection')[0]!.replace(/-/g, '')
  for (const name of COLLECTIONS) assert.ok(text.includes(name.toLowerCase()), name)
})
