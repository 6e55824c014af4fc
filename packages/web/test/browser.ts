/** The built page in a real browser, for the tests: built once a test file, with a server and a context a test. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { build } from 'vite'
import { MockServer } from './mock-server.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Browser
let folder: string

export interface Opened {
  page: Page
  server: MockServer
  url: string
  /** A folder that is gone after the tests. */
  folder: string
  /** What the browser complained of: script errors, and violations of the content security policy. */
  complaints: string[]
  /** Addresses asked for that are not the server's. */
  strangers: string[]
}

/** Call once in a test file, before its tests. */
export function withBrowser(): void {
  if (!existsSync(CHROMIUM)) return
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'answerable-page-'))
    await build({
      root: join(import.meta.dirname, '..'),
      logLevel: 'error',
      build: { outDir: join(folder, 'dist') },
    })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS })
  })
  after(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })
}

/** A test with the page open. Where there is no browser it is skipped, and in CI it fails. */
export function pageTest(
  name: string,
  work: (opened: Opened, t: TestContext) => Promise<void>,
  options: BrowserContextOptions = {},
): void {
  const missing = existsSync(CHROMIUM) ? undefined : `no browser at ${CHROMIUM}`
  if (missing !== undefined && process.env.CI === undefined) {
    test(name, { skip: missing }, () => {})
    return
  }
  test(name, { timeout: 60_000 }, async t => {
    if (missing !== undefined) throw new Error(missing)
    const server = new MockServer(join(folder, 'dist'))
    const url = await server.listen()
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    try {
      const page = await context.newPage()
      page.setDefaultTimeout(15_000)
      const opened: Opened = { page, server, url, folder, complaints: [], strangers: [] }
      page.on('pageerror', error => opened.complaints.push(error.message))
      page.on('console', message => {
        // A refused or unanswered request is the page's to tell of; the browser's own line about it is no fault.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          opened.complaints.push(message.text())
      })
      page.on('request', request => {
        const address = request.url()
        if (!address.startsWith(url) && !address.startsWith('blob:')) opened.strangers.push(address)
      })
      await page.goto(url)
      await page.getByRole('button', { name: 'Ask for the decision' }).waitFor()
      await work(opened, t)
      t.assert.deepEqual(opened.complaints, [])
      t.assert.deepEqual(opened.strangers, [])
    } finally {
      await context.close()
      await server.close()
    }
  })
}

/** Asks for a decision and waits for the claims of its receipt. */
export async function ask(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Ask for the decision' }).click()
  await page.locator('#receipt .claims').waitFor()
}

export async function trust(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Trust these keys on this page' }).click()
}

export async function untilWitnessed(page: Page): Promise<void> {
  await page.getByText('put a cosignature on the log since').waitFor()
}

/** Each claim's result and reason in a section, `fail not-included` for example. */
export async function claims(page: Page, section: string): Promise<Record<string, string>> {
  const rows = await page.locator(`#${section} .claim`).evaluateAll(items =>
    items.map(item => {
      const { claim, result } = (item as HTMLElement).dataset
      return [claim!, `${result} ${item.querySelector('code')?.textContent}`] as const
    }),
  )
  return Object.fromEntries(rows)
}
