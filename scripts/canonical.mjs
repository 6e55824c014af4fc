// npm run canonical: installs the canonical runtime of disputes (onnxruntime-web) under runtimes/canonical.
//
// It is no part of the default install: serving, receipts and checks do without it. The package holds eight builds for
// browsers, 148 MB; Node uses one, so the others are deleted after npm has checked what it fetched.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm, ROOT } from './lib.mjs'

const FOLDER = join(ROOT, 'runtimes', 'canonical')
const LOCK = join(FOLDER, 'package-lock.json')
const MARK = join(FOLDER, 'node_modules', '.answerable-installed')
const LIBRARY = join(FOLDER, 'node_modules', 'onnxruntime-web')
/** What Node loads: the library, and the build of WebAssembly without relaxed SIMD or a GPU. */
const KEPT = ['ort.node.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']
/** The library's packages that its builds already contain. */
const CONTAINED = [
  '@protobufjs',
  '@types',
  'flatbuffers',
  'guid-typescript',
  'long',
  'platform',
  'protobufjs',
]

if (process.argv.includes('--lock')) lock()
else install()

function install() {
  const text = readFileSync(LOCK, 'utf8')
  if (existsSync(MARK) && readFileSync(MARK, 'utf8') === text) {
    console.error('The canonical runtime is installed.')
    return
  }
  const started = Date.now()
  console.error(
    'Installing the canonical runtime of disputes (onnxruntime-web; 36 MB to fetch, 17 MB to keep) ...',
  )
  const code = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], FOLDER)
  if (code !== 0) fail('The installation failed; what npm said is above.')
  for (const name of readdirSync(join(LIBRARY, 'dist')))
    if (!KEPT.includes(name)) rmSync(join(LIBRARY, 'dist', name), { recursive: true })
  for (const name of ['lib', 'docs', 'types.d.ts'])
    rmSync(join(LIBRARY, name), { recursive: true, force: true })
  for (const name of [...CONTAINED, 'undici-types'])
    rmSync(join(FOLDER, 'node_modules', name), { recursive: true, force: true })
  writeFileSync(MARK, text)
  const megabytes = Math.round(bytesIn(join(FOLDER, 'node_modules')) / 1e6)
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s: ${megabytes} MB.`)
}

function lock() {
  rmSync(LOCK, { force: true })
  const code = npm(['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], FOLDER)
  if (code !== 0) fail('npm could not make the lockfile; what it said is above.')
}

function bytesIn(folder) {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += bytesIn(path)
    else if (entry.isFile()) bytes += statSync(path).size
  }
  return bytes
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
