/** Evidence in the browser: the page shows each check of it, and the verifiers come to the same there as anywhere. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8 } from '@answerable/core'
import {
  appraise,
  type Check,
  DEFAULT_EVIDENCE_POLICY,
  type Endorsement,
  endorsementsFrom,
  evidenceBinding,
  evidenceFormat,
  formatEvidenceDocument,
  readEvidence,
} from '@answerable/core/evidence'
import { portableSuite as suite } from '@answerable/core/portable'
import { formatReceipt } from '@answerable/core/receipt'
import { build } from 'vite'
import { makeAuthority, makeNitro, NITRO_TIME } from '../../core/test/nitro.ts'
import { Chip } from '../../core/test/snp.ts'
import { claims, pageTest, trust, withBrowser } from './browser.ts'
import type { Asked } from './check-in-browser.ts'

withBrowser()

pageTest('evidence that a record names is shown check by check', async ({ page, server }) => {
  const { network } = server
  const binding = evidenceBinding(network.vkey, [], suite)
  const document = formatEvidenceDocument({
    log: network.vkey,
    items: [{ format: 'nitro', bytes: makeNitro(makeAuthority(), { user_data: binding }) }],
  })
  const { id, secret } = network.record({
    model: 'credit',
    request: utf8('{}'),
    response: utf8('{}'),
    status: 200,
    use: null,
    evidence: document,
  })
  network.witness()
  const receipt = network.receipt(id, secret)
  assert.ok(typeof receipt === 'object')
  await trust(page)
  await page
    .locator('#check input[type=file]')
    .first()
    .setInputFiles({
      name: 'receipt.json',
      mimeType: 'application/json',
      buffer: Buffer.from(formatReceipt(receipt)),
    })
  const view = page.locator('#check .evidence')
  await view.waitFor()
  // Its root is made here, and nobody's.
  assert.equal((await claims(page, 'check')).place, 'fail evidence-rejected')
  const rows = await view
    .locator('tbody tr')
    .evaluateAll(list =>
      list.map(row => [row.querySelector('th')?.textContent, row.querySelector('code')?.textContent]),
    )
  for (const row of [
    ['signature', 'signed'],
    ['chain', 'root-not-trusted'],
    ['binding', 'bound'],
  ])
    assert.ok(
      rows.some(found => found.join() === row.join()),
      row.join(),
    )
})

pageTest('a browser comes to the same checks', async ({ page, folder }) => {
  await build({
    root: join(import.meta.dirname, '..'),
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: join(folder, 'bundle'),
      lib: {
        entry: join(import.meta.dirname, 'check-in-browser.ts'),
        formats: ['iife'],
        name: 'evidence',
        fileName: () => 'evidence.js',
      },
    },
  })
  // As a script, whose names are the page's own.
  const script = await readFile(join(folder, 'bundle/evidence.js'), 'utf8')
  await page.evaluate(`${script}; globalThis.evidence = evidence`)
  const chip = new Chip()
  const time = NITRO_TIME
  const cases: [Uint8Array, Endorsement[]][] = [
    [makeNitro(makeAuthority()), []],
    [chip.report(), chip.endorsements],
    [chip.report({ policy: 0xb0000n }), chip.endorsements.slice(0, 2)],
  ]
  for (const [bytes, given] of cases) {
    const policy = chip.policy({ roots: { ...DEFAULT_EVIDENCE_POLICY.roots, ...chip.policy().roots } })
    const [one] = readEvidence(bytes).found
    const endorsements = endorsementsFrom([...one!.endorsements, ...given])
    const here = appraise(evidenceFormat(one!.format)!, one!.parsed, { time, policy, endorsements, suite })
    const asked: Asked = {
      bytes: Buffer.from(bytes).toString('base64'),
      given: given.map(({ kind, bytes: der }) => ({ kind, bytes: Buffer.from(der).toString('base64') })),
      time,
      policy,
    }
    const there = await page.evaluate(
      all => (globalThis as unknown as { evidence: { check(of: Asked): Check[] } }).evidence.check(all),
      asked,
    )
    assert.deepEqual(there, here.checks)
    assert.ok(here.checks.some(({ outcome }) => outcome === 'pass'))
  }
})
