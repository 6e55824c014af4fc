/** The playbook, its page and the drills say the same. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { PLAYBOOK } from '@answerable/core'
import { listDrills } from './index.ts'

test('the page has the rows of the table, and no others', async () => {
  const page = await readFile(new URL('../../../../docs/playbook.md', import.meta.url), 'utf8')
  const [, , ...rows] = page.split('\n').filter(line => line.startsWith('|'))
  const expected = PLAYBOOK.map(({ fault, noticedBy, consequence, since, drill }) => {
    const step = since === 'later' ? since : `step ${since}`
    const cells = [fault, noticedBy, consequence, step, drill === undefined ? '' : `\`${drill}\``]
    return `| ${cells.join(' | ')} |`
  })
  assert.deepEqual(rows, expected)
  for (const { name } of listDrills()) assert.ok(page.includes(`- **${name}** `), `${name} is described`)
})

test('every drill that a row names exists, and every drill has its row', () => {
  const named = PLAYBOOK.flatMap(({ drill }) => drill ?? [])
  const there = listDrills().map(({ name }) => name)
  assert.deepEqual(named.toSorted(), there.toSorted())
})
