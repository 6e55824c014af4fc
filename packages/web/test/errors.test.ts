import assert from 'node:assert/strict'
import { ask, pageTest, withBrowser } from './browser.ts'

withBrowser()

pageTest('a store that cannot be written', async ({ page, server }) => {
  server.refuse = {
    status: 503,
    code: 'not-writable',
    message: 'the store cannot be written at present; nothing is answered unrecorded',
  }
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  const problem = page.locator('#ask .problem')
  await problem.waitFor()
  assert.match(
    (await problem.textContent())!,
    /There is no decision.*nothing is answered unrecorded.*not-writable/,
  )
  // It goes on once the server does.
  server.refuse = undefined
  await ask(page)
  assert.equal(await problem.count(), 0)
})

pageTest('the server is gone', async ({ page, server, url }) => {
  await server.close()
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  const problem = page.locator('#ask .problem')
  await problem.waitFor()
  const text = await problem.textContent()
  assert.match(text!, /does not answer\. Is it still running\?.*unreachable/)
  assert.ok(text!.includes(new URL(url).host))
})

pageTest('the server comes back', async ({ page }) => {
  await page.route('**/*', route =>
    route.request().resourceType() === 'fetch' ? route.abort() : route.continue(),
  )
  await page.reload()
  for (const what of [
    'How things stand is not known',
    'The form cannot be shown',
    'The server’s keys are not known',
  ])
    await page.getByText(what).waitFor()
  await page.unroute('**/*')
  for (const part of ['.page-head', '#ask', '#receipt'])
    await page.locator(part).getByRole('button', { name: 'Try again' }).click()
  await page.getByText('3 of 3').waitFor()
  await page.getByRole('button', { name: 'Ask for the decision' }).waitFor()
  await page.getByRole('button', { name: 'Trust these keys on this page' }).waitFor()
})

pageTest('an answer without a receipt', async ({ page, server }) => {
  server.withoutReceipt = true
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  const problem = page.locator('#ask .problem')
  await problem.waitFor()
  assert.match((await problem.textContent())!, /came without a receipt.*Do not rely on it.*no-receipt/)
})

pageTest('a garbage receipt, and trying again', async ({ page, server }) => {
  server.receiptBody = '{"type":"https://answerable.dev/receipt/v1","statement":"%%%","proof":""}'
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  const problem = page.locator('#receipt .problem')
  await problem.waitFor()
  assert.match(
    (await problem.textContent())!,
    /could not be fetched.*statement: expected base64.*bad-receipt/,
  )
  server.receiptBody = undefined
  await problem.getByRole('button', { name: 'Try again' }).click()
  await page.locator('#receipt .claims').waitFor()
  assert.equal(await problem.count(), 0)
})

pageTest('an answer in no known form', async ({ page }) => {
  await page.route('**/infer', route => route.fulfill({ status: 502, body: '<html>bad gateway</html>' }))
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  const problem = page.locator('#ask .problem')
  await problem.waitFor()
  assert.match((await problem.textContent())!, /status 502 and no explanation.*http-502/)
})

pageTest('a secret stays with this server, whatever the header says', async ({ page, server, strangers }) => {
  await page.route('**/infer', async route => {
    const response = await route.fetch()
    const headers = response.headers()
    const url = headers['answerable-receipt-url']!.replace(/^http:\/\/[^/]+/, 'http://elsewhere.example')
    await route.fulfill({ response, headers: { ...headers, 'answerable-receipt-url': url } })
  })
  await ask(page)
  assert.ok(server.requests.some(line => line.startsWith('GET /receipts/')))
  assert.deepEqual(strangers, [])
})

pageTest('witnesses that are down are said to be', async ({ page, server }) => {
  server.network.up = [true, false, false]
  await page.reload()
  await page.getByText('1 of 3').waitFor()
  await page.getByText('2 witnesses do not answer at present').waitFor()
})
