import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ask, claims, pageTest, trust, untilWitnessed, withBrowser } from './browser.ts'

withBrowser()

/** Presses Tab until the focused element has this name; fails where none comes. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab')
    const found = await page.evaluate(() => {
      const here = document.activeElement as HTMLElement & { labels?: NodeListOf<HTMLElement> }
      const { outlineStyle, outlineWidth } = getComputedStyle(here)
      return {
        name: here.labels?.[0]?.innerText ?? here.innerText,
        ring: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2,
      }
    })
    if (!name.test(found.name)) continue
    assert.ok(found.ring, `no visible focus on ${found.name}`)
    return
  }
  assert.fail(`Tab never came to ${name}`)
}

pageTest('the whole way by keyboard', async ({ page }) => {
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the main part')
  await page.keyboard.press('Enter')
  await tabTo(page, /^Duration/)
  await page.keyboard.press('ArrowUp')
  await tabTo(page, /^Ask for the decision/)
  await page.keyboard.press('Enter')
  await page.locator('#receipt .claims').waitFor()
  await untilWitnessed(page)
  await tabTo(page, /^Trust these keys/)
  await page.keyboard.press('Enter')
  assert.equal((await claims(page, 'receipt')).recorded, 'pass witnessed')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Whose keys do you trust?')
  await tabTo(page, /^Part of the receipt/)
  await page.keyboard.press('ArrowDown')
  await tabTo(page, /^Byte/)
  await page.keyboard.press('ArrowRight')
  await tabTo(page, /^Flip this byte/)
  await page.keyboard.press('Space')
  await page.locator('#flip [data-fallen="recorded"]').waitFor()
  // What changed is also said, for those who do not see it.
  await page.locator('#flip [role=status]', { hasText: 'Recorded: Fails' }).waitFor({ state: 'attached' })
  await page.keyboard.press('Space')
  await page.locator('#flip .verdict', { hasText: 'is met' }).waitFor()
})

pageTest('names, headings, landmarks', async ({ page }) => {
  await ask(page)
  await untilWitnessed(page)
  await trust(page)
  const found = await page.evaluate(() => {
    const all = <T extends Element>(selector: string) => [...document.querySelectorAll<T>(selector)]
    const levels = all('h1,h2,h3,h4,h5,h6').map(heading => Number(heading.tagName[1]))
    const ids = all('[id]').map(({ id }) => id)
    return {
      lang: document.documentElement.lang,
      title: document.title,
      landmarks: ['header', 'main', 'footer'].map(name => all(`#page > ${name}`).length),
      h1: levels.filter(level => level === 1).length,
      skips: levels.filter((level, i) => i > 0 && level > levels[i - 1]! + 1).length,
      unlabelled: all<HTMLInputElement>('input, select, textarea')
        .filter(field => field.labels?.length === 0)
        .map(({ outerHTML }) => outerHTML),
      nameless: all('button, summary, a').filter(item => item.textContent?.trim() === '').length,
      twice: ids.filter((id, i) => ids.indexOf(id) !== i),
      loose: all('[aria-labelledby], [aria-describedby]')
        .flatMap(item => [item.getAttribute('aria-labelledby'), item.getAttribute('aria-describedby')])
        .flatMap(value => value?.split(' ') ?? [])
        .filter(id => document.getElementById(id) === null),
      pictures: all('svg').filter(
        svg => svg.getAttribute('aria-hidden') !== 'true' && !svg.querySelector('title'),
      ).length,
      live: all('[aria-live], [role=status]').length,
      inline: all('[style], style, script:not([src])').length,
    }
  })
  assert.deepEqual(
    { ...found, live: found.live >= 3 },
    {
      lang: 'en',
      title: 'Answerable: every answer comes with a receipt',
      landmarks: [1, 1, 1],
      h1: 1,
      skips: 0,
      unlabelled: [],
      nameless: 0,
      twice: [],
      loose: [],
      pictures: 0,
      live: true,
      inline: 0,
    },
  )
})

/** Texts whose contrast with what is behind them is under 4.5 to 1 (WCAG 2.2, 1.4.3). */
function faintTexts(): string[] {
  const parse = (colour: string) => colour.match(/[\d.]+/g)!.map(Number)
  const light = (colour: string) => {
    const [r, g, b] = parse(colour).map(part => {
      const c = part / 255
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const behind = (element: Element | null): string => {
    if (element === null) return 'rgb(255, 255, 255)'
    const { backgroundColor } = getComputedStyle(element)
    return (parse(backgroundColor)[3] ?? 1) === 0 ? behind(element.parentElement) : backgroundColor
  }
  return [...document.querySelectorAll<HTMLElement>('body *')].flatMap(element => {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent?.trim() !== '')
    if (!own || !element.checkVisibility() || element.matches('title, desc, :disabled, option')) return []
    const { color, fill } = getComputedStyle(element)
    const [a, b] = [light(element instanceof SVGElement ? fill : color), light(behind(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    return ratio < 4.5 ? [`${ratio.toFixed(2)} ${element.textContent}`] : []
  })
}

const LOOKS = [
  ['wide-light', 1280, 900, 'light'],
  ['wide-dark', 1280, 900, 'dark'],
  ['narrow-light', 360, 760, 'light'],
  ['narrow-dark', 360, 760, 'dark'],
] as const

pageTest(
  'wide and narrow, light and dark: it fits, with enough contrast',
  async ({ page, server, folder }) => {
    const shots = process.env.SCREENSHOTS ?? folder
    await mkdir(shots, { recursive: true })
    const look = async (state: string) => {
      for (const [name, width, height, colorScheme] of LOOKS) {
        await page.setViewportSize({ width, height })
        await page.emulateMedia({ colorScheme })
        const [needed, had] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
        assert.ok(needed! <= had!, `${name}, ${state}: ${needed} wide in ${had}`)
        assert.deepEqual(await page.evaluate(faintTexts), [], `${name}, ${state}`)
        if (state === 'flipped') await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
      }
    }
    await look('first')
    // The answer and the receipt that have most to say.
    server.dissent = true
    await page.getByRole('radio', { name: /credit-second-look/ }).check()
    await ask(page)
    await untilWitnessed(page)
    await look('answered')
    await trust(page)
    await page.getByRole('button', { name: 'Flip this byte' }).click()
    await page.locator('#ask summary', { hasText: 'Receipt headers' }).click()
    await look('flipped')
  },
)
