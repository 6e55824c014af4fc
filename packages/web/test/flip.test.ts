import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatReceipt, MAX_RECEIPT_BYTES, type Receipt } from '@answerable/core/receipt'
import { Checker } from '../src/lib/check.ts'
import { flip, partsOf } from '../src/lib/tamper.ts'
import { readOffer } from '../src/lib/trust.ts'
import { ask, claims, pageTest, trust, untilWitnessed, withBrowser } from './browser.ts'
import { MockNetwork } from './mock-network.ts'

withBrowser()

const CALLED = {
  model: 'credit-f32',
  request: new TextEncoder().encode('{"inputs":[]}'),
  response: new TextEncoder().encode('{"outputs":[{"name":"probability_good","data":[0.5]}]}'),
  status: 200,
  use: null,
}

function receiptOf(network: MockNetwork): Receipt {
  const { id, secret } = network.record(CALLED)
  network.witness()
  const receipt = network.receipt(id, secret)
  assert.ok(typeof receipt !== 'string')
  return receipt
}

/** By part: which claim falls at the byte that the page proposes, and for what reason. */
const FALLS: Record<string, string> = {
  statement: 'recorded not-included',
  proof: 'recorded not-included',
  'signature-0': 'recorded bad-log-signature',
  'signature-1': 'recorded bad-cosignature',
  'signature-2': 'recorded bad-cosignature',
  'signature-3': 'recorded bad-cosignature',
  request: 'recorded request-mismatch',
  response: 'recorded response-mismatch',
  'disclosure-request': 'recorded disclosure-altered',
  'disclosure-response': 'recorded disclosure-altered',
  'disclosure-model': 'model disclosure-altered',
  'disclosure-sampling': 'output disclosure-altered',
  'disclosure-parties': 'accountability disclosure-altered',
}

pageTest(
  'each part of a receipt, flipped, fells the claim that rests on it; undo brings it back',
  async ({ page }) => {
    await ask(page)
    await untilWitnessed(page)
    await trust(page)
    const part = page.getByLabel('Part of the receipt')
    const ids = await part
      .locator('option')
      .evaluateAll(options => options.map(option => (option as HTMLOptionElement).value))
    assert.deepEqual(ids.sort(), Object.keys(FALLS).sort())
    await page.getByRole('button', { name: 'Flip this byte' }).click()
    for (const [id, falls] of Object.entries(FALLS)) {
      await part.selectOption(id)
      const [name, reason] = falls.split(' ')
      const row = page.locator(`#flip [data-fallen="${name}"]`)
      await row.waitFor()
      assert.equal(await row.getAttribute('data-result'), 'fail', id)
      assert.equal(await row.getAttribute('data-reason'), reason, id)
    }
    assert.equal(await page.locator('#flip .hex').count(), 2)
    const marked = await page.locator('#flip .hex-bytes mark').allTextContents()
    assert.equal(Number.parseInt(marked[0]!, 16) ^ Number.parseInt(marked[1]!, 16), 1)
    await page.getByRole('button', { name: 'Random byte' }).click()
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('#flip .verdict', { hasText: 'The default policy is met' }).waitFor()
    assert.equal(await page.locator('#flip .hex').count(), 1)
  },
)

pageTest('without trust a flipped statement changes nothing, and the page says why', async ({ page }) => {
  await ask(page)
  await untilWitnessed(page)
  await page.getByRole('button', { name: 'Flip this byte' }).click()
  await page.getByText('No claim comes out otherwise').waitFor()
  await page.getByText('You trust no keys yet').waitFor()
})

test('every byte of every part: nothing passes as it did', () => {
  const network = new MockNetwork()
  const receipt = receiptOf(network)
  const checker = new Checker([readOffer({ name: 'mine', policy: network.policy() })])
  const before = checker.check(receipt).verification
  assert.equal(before.verdict.met, true)
  for (const part of partsOf(receipt)) {
    // Checking costs four signatures a byte of the proof, so that part is sampled here; core's own tests take each.
    const step = part.id === 'proof' || part.id.startsWith('signature') ? 11 : 3
    for (let at = 0; at < part.bytes.length; at += step) {
      const { claims } = checker.check(part.put(flip(part.bytes, at))).verification
      assert.notDeepEqual(claims, before.claims, `${part.id} ${at}`)
    }
    assert.equal(checker.check(part.put(part.bytes)).verification.verdict.met, true, part.id)
  }
})

pageTest('a receipt file, dropped, chosen and pasted', async ({ page, server, folder }) => {
  await trust(page)
  const text = formatReceipt(receiptOf(server.network))
  const data = await page.evaluateHandle(body => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([body], 'mine.json'))
    return transfer
  }, text)
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: data })
  await page.getByRole('heading', { name: 'Six claims of mine.json' }).waitFor()
  assert.equal((await claims(page, 'check')).recorded, 'pass witnessed')

  const choose = page.getByLabel('Drop a receipt here, or choose its file')
  const path = join(folder, 'chosen.json')
  await writeFile(path, text)
  await choose.setInputFiles(path)
  await page.getByRole('heading', { name: 'Six claims of chosen.json' }).waitFor()

  const given = (name: string, buffer: Uint8Array) => ({
    name,
    mimeType: 'text/plain',
    buffer: Buffer.from(buffer),
  })
  await page.getByLabel('Your request').setInputFiles(given('request', CALLED.request))
  await page.getByText('13 bytes are compared').waitFor()
  assert.equal((await claims(page, 'check')).recorded, 'pass witnessed')
  await page.getByLabel('Your response').setInputFiles(given('response', Buffer.from('other')))
  await page.locator('#check .claim-fail').waitFor()
  assert.equal((await claims(page, 'check')).recorded, 'fail response-mismatch')

  await page.getByRole('button', { name: 'Close this receipt' }).click()
  assert.equal(await page.locator('#check .claims').count(), 0)
  await page.getByText('Or paste its text').click()
  await page.getByLabel('The text of a receipt').fill(text)
  await page.getByRole('button', { name: 'Check this text' }).click()
  await page.getByRole('heading', { name: 'Six claims of the pasted text' }).waitFor()
  // It can be flipped as well.
  await page.getByRole('button', { name: 'Flip this byte' }).click()
  await page.locator('#flip [data-fallen="recorded"]').waitFor()
})

pageTest('a receipt of a network that nobody is trusted for', async ({ page, folder }) => {
  await trust(page)
  const path = join(folder, 'stranger.json')
  await writeFile(path, formatReceipt(receiptOf(new MockNetwork())))
  await page.getByLabel('Drop a receipt here, or choose its file').setInputFiles(path)
  await page.locator('#check .claims').waitFor()
  assert.equal((await claims(page, 'check')).recorded, 'not-checked unknown-log')
  await page.getByText('can only offer you the keys of its own server').waitFor()
})

pageTest('files that are no receipt are refused with a code', async ({ page, server, folder }) => {
  const good = JSON.parse(formatReceipt(receiptOf(server.network)))
  const deep = `${'['.repeat(100)}${']'.repeat(100)}`
  const table: [string, string | Uint8Array, string][] = [
    ['nothing', '', 'bad-json'],
    ['no JSON', 'not a receipt at all', 'bad-json'],
    ['not UTF-8', Uint8Array.of(0xff, 0xfe, 0x00), 'not-utf8'],
    ['other JSON', '{"type":"something else"}', 'bad-receipt'],
    ['nested', deep, 'too-deep'],
    ['twice the same', '{"type":"a","type":"a"}', 'duplicate-key'],
    ['wrong type', JSON.stringify({ ...good, proof: 7 }), 'bad-receipt'],
  ]
  const choose = page.getByLabel('Drop a receipt here, or choose its file')
  const code = page.locator('#check .problem code')
  for (const [name, content, expected] of table) {
    await choose.setInputFiles({
      name: `${name}.json`,
      mimeType: 'application/json',
      buffer: Buffer.from(content),
    })
    await code.filter({ hasText: expected }).waitFor()
    assert.equal(await page.locator('#check .claims').count(), 0, name)
  }
  const huge = join(folder, 'huge.json')
  await writeFile(huge, '')
  await truncate(huge, MAX_RECEIPT_BYTES + 1)
  await choose.setInputFiles(huge)
  await code.filter({ hasText: 'too-large' }).waitFor()
})
