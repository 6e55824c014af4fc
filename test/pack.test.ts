/** What is published: packed, installed into an empty project, and used there. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'vite'
import { loadConfig } from '../packages/node/src/gateway/index.ts'
import { startLocal } from '../packages/node/src/network/index.ts'
import { temporaryFolder } from './lib.ts'

const ROOT = join(import.meta.dirname, '..')

function run(command: string, args: string[], cwd: string): string {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8' })
  assert.equal(done.status, 0, `${command} ${args.join(' ')}\n${done.stdout}\n${done.stderr}`)
  return done.stdout
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

const INSTALL = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']

test('the packed packages work in an empty project', { timeout: 300_000 }, async t => {
  if (!process.env.CI && !process.env.ANSWERABLE_TEST_PACK)
    return t.skip('installs from the registry; set ANSWERABLE_TEST_PACK=1 to run it')
  const folder = temporaryFolder(t)
  const packs = run(process.execPath, [join(ROOT, 'scripts/pack.mjs'), join(folder, 'packs')], ROOT)
    .trim()
    .split('\n')
  const core = packs.find(path => path.includes('answerable-core-'))!

  const receipt = await realReceipt(t, folder)

  await t.test('core alone, with its dependencies, is under 6 MB', () => {
    const alone = join(folder, 'alone')
    project(alone)
    run('npm', [...INSTALL, core], alone)
    const bytes = bytesBelow(join(alone, 'node_modules'))
    assert.ok(bytes < 6e6, `${bytes} bytes`)
  })

  const all = join(folder, 'all')
  project(all)
  run('npm', [...INSTALL, ...packs], all)

  await t.test('the client is imported', () => {
    writeFileSync(
      join(all, 'client.mjs'),
      "import { recorded } from 'answerable/client'\nconsole.log(typeof recorded)\n",
    )
    assert.equal(run(process.execPath, ['client.mjs'], all), 'function\n')
  })

  await t.test('core bundles for a browser, without anything of a platform', async () => {
    writeFileSync(
      join(all, 'page.js'),
      "import { Verifier } from '@answerable/core/receipt'\nimport { portableSuite } from '@answerable/core/portable'\nexport const check = receipt => new Verifier(portableSuite).verify(receipt)\n",
    )
    await build({
      root: all,
      logLevel: 'error',
      build: {
        lib: { entry: join(all, 'page.js'), formats: ['es'], fileName: 'bundle' },
        outDir: join(all, 'out'),
      },
    })
    const [file] = readdirSync(join(all, 'out')).filter(name => name.startsWith('bundle'))
    const text = readFileSync(join(all, 'out', file!), 'utf8')
    assert.doesNotMatch(text, /from\s*["']/)
    assert.doesNotMatch(text, /["'`]node:/)
  })

  await t.test('answerable verify checks a real receipt', () => {
    const bin = join(all, 'node_modules/.bin/answerable')
    const args = ['verify', receipt.file, '--policy', receipt.policy, '--json']
    const { claims } = JSON.parse(run(bin, args, all)) as { claims: Record<string, { result: string }> }
    assert.equal(claims.recorded!.result, 'pass')
    const refused = spawnSync(bin, ['verify', receipt.file], {
      cwd: all,
      encoding: 'utf8',
      env: { ...process.env, ANSWERABLE_HOME: all },
    })
    assert.equal(refused.status, 1, 'without trust nothing is recorded')
  })
})

function project(folder: string): void {
  run('mkdir', ['-p', folder], ROOT)
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true,"type":"module"}\n')
}

async function realReceipt(t: import('node:test').TestContext, folder: string) {
  const network = await startLocal({
    folder: join(folder, 'data'),
    config: loadConfig(undefined, {}, { port: 0, publishMilliseconds: 100 }),
  })
  t.after(() => network.close())
  const features = (await (await fetch(`${network.url}/demo/credit-schema`)).json()) as {
    name: string
    default: number
  }[]
  const inputs = features.map(({ name, default: value }) => ({
    name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [value],
  }))
  const answer = await fetch(`${network.url}/v2/models/credit-f32/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  })
  const url = new URL(answer.headers.get('answerable-receipt-url')!)
  // A round that was under way may have begun before the record: the second one certainly did not.
  await network.gateway.publisher.publishNow()
  await network.gateway.publisher.publishNow()
  const headers = { authorization: `Bearer ${url.hash.slice(1)}` }
  const file = join(folder, 'receipt.json')
  writeFileSync(file, await (await fetch(url.origin + url.pathname, { headers })).text())
  const policy = join(folder, 'trust.policy')
  const offer = (await (await fetch(`${network.url}/trust`)).json()) as { policy: string }
  writeFileSync(policy, offer.policy)
  return { file, policy }
}
