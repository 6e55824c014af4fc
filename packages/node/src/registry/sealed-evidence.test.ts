/** Which of what a registry holds finds room in a sealed receipt. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '@answerable/core'
import { formatEvidenceDocument } from '@answerable/core/evidence'
import type { EvidenceRecord, State } from '@answerable/core/registry'
import { evidenceRecords } from './sealed-evidence.ts'

const MOMENT = { index: 1, time: 1 }

test('one member that approves and revokes without end does not keep others’ words out', () => {
  const document = formatEvidenceDocument({ log: 'l', items: [{ format: 'nitro', bytes: utf8('x') }] })
  const revoked = { ...MOMENT, since: 1, reason: 'x', by: 'troll', groups: null }
  const reference = { format: 'nitro', measurements: { pcr0: 'ab' }, image: 'i', role: 'gateway' }
  const one = (id: string, by: string, more: object = {}) =>
    [`${id} ${by}`, { id, by, reference, stated: MOMENT, revoked: null, ...more }] as const
  const references = new Map([
    ...Array.from({ length: 40 }, (_, i) => one(`${i}`, 'troll', { revoked })),
    one('honest', 'cy'),
    one('gone', 'troll', { revoked: { ...revoked, groups: ['a', 'b', 'c'] } }),
  ])
  const state = { references, logs: new Map([['l', { vkey: 'l' }]]) } as unknown as State
  const record = { log: 'l', stated: MOMENT, appraisals: [] } as unknown as EvidenceRecord
  const wanted = evidenceRecords(state, record, document).map(([first]) => first![1])
  assert.equal(wanted.length, 16)
  for (const id of ['honest cy', 'gone troll']) assert.ok(wanted.includes(id), id)
})
