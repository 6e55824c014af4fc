import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { parseVkey, vkeyFingerprint } from '@answerable/core/note'
import { portableSuite as suite } from '@answerable/core/portable'
import { parseReceipt } from '@answerable/core/receipt'
import { ask, claims, pageTest, trust, untilWitnessed, withBrowser } from './browser.ts'

withBrowser()

pageTest('a decision, its exact bytes, and a receipt that nobody is trusted for yet', async opened => {
  const { page, server } = opened
  await page.getByText('3 witnesses, 1 owner: you').waitFor()
  await page.getByLabel('Amount of the loan').fill('19000')
  await page.getByRole('radio', { name: /credit-int8/ }).check()
  await ask(page)
  assert.equal(await page.locator('.decision-word').textContent(), 'Declined')
  assert.match((await page.locator('.decision').textContent())!, /\d+\.\d % probability/)
  assert.ok(server.requests.includes('POST /v2/models/credit-int8/infer'))

  await page.locator('#ask summary', { hasText: 'Request' }).click()
  const sent = JSON.parse((await page.locator('#ask .bytes pre').first().textContent())!)
  assert.ok(sent.inputs.every((input: { datatype: string }) => input.datatype === 'FP32'))
  assert.deepEqual(
    sent.inputs.find(({ name }: { name: string }) => name === 'credit_amount'),
    { name: 'credit_amount', shape: [1, 1], datatype: 'FP32', data: [19000] },
  )
  await page.locator('#ask summary', { hasText: 'Receipt headers' }).click()
  assert.match((await page.locator('#ask .headers').textContent())!, /Answerable-Receipt-Urlhttp.*#[\w-]{43}/)

  await untilWitnessed(page)
  assert.deepEqual(await claims(page, 'receipt'), {
    recorded: 'not-checked unknown-log',
    model: 'not-checked record-not-shown',
    place: 'not-checked record-not-shown',
    output: 'not-checked record-not-shown',
    quality: 'not-checked record-not-shown',
    accountability: 'not-checked record-not-shown',
  })
  await page.getByText('and that is right').waitFor()
  await page.locator('#receipt .verdict', { hasText: 'The default policy is not met' }).waitFor()
  assert.doesNotMatch(await page.content(), /verified/i)
})

pageTest(
  'trust is granted with fingerprints in sight, lasts, and can be withdrawn',
  async ({ page, server }) => {
    const keys = server.network.policy().matchAll(/^(?:log|witness \S+) (\S+)/gm)
    const shown = await page.locator('.trust .fingerprint').allTextContents()
    assert.deepEqual(
      shown,
      [...keys].map(([, vkey]) => vkeyFingerprint(parseVkey(vkey!, suite), suite)),
    )
    await ask(page)
    await untilWitnessed(page)
    await trust(page)
    const granted = {
      recorded: 'pass witnessed',
      model: 'pass operator-assertion',
      place: 'not-checked no-evidence',
      output: 'not-checked not-recomputed',
      quality: 'not-checked no-evaluations',
      accountability: 'pass parties-asserted',
    }
    assert.deepEqual(await claims(page, 'receipt'), granted)
    await page.locator('#receipt .verdict', { hasText: 'The default policy is met' }).waitFor()
    // A pass on somebody's word is told apart in words, shape and colour.
    const marks = await page.locator('#receipt .claim .mark').evaluateAll(items =>
      items.slice(0, 2).map(item => ({
        words: item.textContent,
        shape: item.querySelector('svg')?.innerHTML,
        colour: getComputedStyle(item).color,
      })),
    )
    assert.deepEqual(
      marks.map(({ words }) => words),
      ['Pass', 'Said, not checked'],
    )
    assert.notEqual(marks[0]!.shape, marks[1]!.shape)
    assert.notEqual(marks[0]!.colour, marks[1]!.colour)

    await page.reload()
    await page.getByText('On this page you trust the keys of').waitFor()
    await ask(page)
    await untilWitnessed(page)
    assert.deepEqual(await claims(page, 'receipt'), granted)
    await page.getByRole('button', { name: 'Withdraw trust' }).click()
    assert.equal((await claims(page, 'receipt')).recorded, 'not-checked unknown-log')
    await page.reload()
    await page.getByRole('button', { name: 'Trust these keys on this page' }).waitFor()
  },
)

pageTest('what is stored as trust and cannot be read is not trusted', async ({ page }) => {
  await page.evaluate(() =>
    localStorage.setItem('answerable.trust.v1', '[{"name":"x","policy":"log nonsense"}]'),
  )
  await page.reload()
  await page.getByRole('button', { name: 'Trust these keys on this page' }).waitFor()
})

pageTest('a server that offers other keys than those trusted is pointed out', async ({ page, server }) => {
  await trust(page)
  const other = server.network.policy().replace('group owner-you 2', 'group owner-you 1')
  await page.route('**/trust', route =>
    route.fulfill({ json: { name: `you-${server.network.id}`, policy: other } }),
  )
  await page.reload()
  await page.getByText('The server now offers other keys than those you trust').waitFor()
})

pageTest('committed turns to witnessed by itself', async ({ page, server }) => {
  server.witnessAfterMs = undefined
  await trust(page)
  await ask(page)
  await page.getByText('Not witnessed yet').waitFor()
  assert.equal((await claims(page, 'receipt')).recorded, 'not-checked quorum-not-met')
  server.network.witness()
  await untilWitnessed(page)
  assert.equal((await claims(page, 'receipt')).recorded, 'pass witnessed')
  const picture = page.getByRole('img', { name: 'From your call to the witnesses' })
  const told = await picture.locator('desc').textContent()
  assert.match(told!, /entry 41, counted from 0, of a log of 42 entries\. 3 hashes .* 3 witnesses: witness-1/)
  await page.getByText('42 (42 witnessed)').waitFor()
})

pageTest('it stops asking after a while, and asks again on request', async ({ page, server }) => {
  server.network.up = [true, false, false]
  await page.clock.install()
  await ask(page)
  const again = page.getByRole('button', { name: 'Look again' })
  for (let i = 0; i < 40 && !(await again.isVisible()); i++) {
    await page.clock.runFor(5000)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const fetched = server.requests.filter(line => line.startsWith('GET /receipts/')).length
  assert.ok(fetched > 5 && fetched < 20, `${fetched} requests`)
  server.network.up = [true, true, false]
  server.network.witness()
  await again.click()
  await page.getByText('2 witnesses put a cosignature').waitFor()
})

pageTest('the receipt can be taken along', async ({ page }) => {
  await ask(page)
  await untilWitnessed(page)
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the receipt' }).click(),
  ])
  assert.match(download.suggestedFilename(), /^receipt-[0-9a-f-]{36}\.json$/)
  const receipt = parseReceipt(new Uint8Array(await readFile(await download.path())))
  assert.ok(receipt.content.request && receipt.disclosures.model)
})

pageTest('where two models differ, that a person is to decide is said, and on the receipt', async opened => {
  const { page, server } = opened
  server.dissent = true
  await page.getByRole('radio', { name: /credit-second-look/ }).check()
  await ask(page)
  await page.getByText('Pending a person’s decision.').waitFor()
  assert.match(
    (await page.locator('.decision').textContent())!,
    /says credit-f32\..*Named to decide: the loan officer\./,
  )
  await untilWitnessed(page)
  await page.locator('#receipt .opinions').waitFor({ state: 'detached' })
  await trust(page)
  const told = await page.locator('#receipt .opinions').textContent()
  assert.match(told!, /1 of 2 agree; "credit-int8" dissents\..*Does not show.*agreement raises no claim/)
  assert.equal(await page.locator('#receipt .opinions li[data-outcome=dissents]').count(), 1)
  server.dissent = false
  await ask(page)
  await page.locator('#receipt .opinions', { hasText: '2 of 2 agree' }).waitFor()
  assert.equal(await page.getByText('Pending a person').count(), 0)
})

pageTest('wrong input is said beside its field, also in the fold', async ({ page, server }) => {
  await page.getByText('more inputs, filled in').click()
  await page.getByLabel('Instalment as a share').fill('9')
  await page.getByText('more inputs, filled in').click()
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  await page.getByText('Give a number from 1 to 4.').waitFor()
  await page.locator('#field-installment_rate:focus').waitFor()
  assert.ok(!server.requests.some(line => line.startsWith('POST')))
})
