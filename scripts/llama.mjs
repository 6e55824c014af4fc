// npm run llama: installs the GGUF runtime (node-llama-cpp) under runtimes/llama, for the processor alone.
//
// It is no part of the default install. node-llama-cpp names a binary package for every platform and every kind of
// graphics card as optional, and npm fetches each one that the platform can hold: with CUDA and Vulkan 640 MB. So the
// lockfile here is made without those (npm run llama -- --lock): npm ci takes what is to be fetched from the lockfile.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm, ROOT } from './lib.mjs'

const FOLDER = join(ROOT, 'runtimes', 'llama')
const LOCK = join(FOLDER, 'package-lock.json')
const LIBRARY = 'node_modules/node-llama-cpp'
const MARK = join(FOLDER, 'node_modules', '.answerable-installed')

/**
 * The packages to keep, by Node's name for the platform. Some of them also name processors that they are not for, so
 * that they can be carried there; the lockfile names the one each is for.
 */
const BINARIES = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
  'darwin-arm64': '@node-llama-cpp/mac-arm64-metal',
  'win32-x64': '@node-llama-cpp/win-x64',
}

if (process.argv.includes('--lock')) lock()
else install()

function install() {
  const platform = `${process.platform}-${process.arch}`
  const text = readFileSync(LOCK, 'utf8')
  const binary = BINARIES[platform]
  if (binary === undefined || JSON.parse(text).packages[`node_modules/${binary}`] === undefined)
    fail(
      `No build of the GGUF runtime is pinned for ${platform}. Everything else works without it; a local Ollama or llama-server can be an upstream.`,
    )
  if (existsSync(MARK) && readFileSync(MARK, 'utf8') === text) {
    console.error('The GGUF runtime is installed.')
    return
  }
  const started = Date.now()
  console.error('Installing the GGUF runtime (llama.cpp for the processor, no GPU packages; about 85 MB) ...')
  const code = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], FOLDER)
  if (code !== 0) fail('The installation failed; what npm said is above.')
  const added = join(FOLDER, 'node_modules', binary)
  if (!existsSync(added))
    fail(`npm left out ${binary}: this machine's C library may not be the one it is for.`)
  writeFileSync(MARK, text)
  const megabytes = Math.round(bytesIn(join(FOLDER, 'node_modules')) / 1e6)
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s: ${megabytes} MB.`)
}

function lock() {
  // npm takes the optional packages of a library that is in the lockfile from there: an old one would hide them.
  rmSync(LOCK, { force: true })
  const code = npm(['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], FOLDER)
  if (code !== 0) fail('npm could not make the lockfile; what it said is above.')
  const contents = JSON.parse(readFileSync(LOCK, 'utf8'))
  const { packages } = contents
  const { optionalDependencies } = packages[LIBRARY]
  for (const name of Object.keys(optionalDependencies)) {
    const at = `node_modules/${name}`
    const platform = Object.keys(BINARIES).find(key => BINARIES[key] === name)
    if (platform !== undefined && packages[at] !== undefined) {
      packages[at].cpu = [platform.split('-')[1]]
      continue
    }
    if (platform !== undefined) console.error(`The registry has no ${name} of this version: left out.`)
    delete optionalDependencies[name]
    delete packages[at]
  }
  writeFileSync(LOCK, `${JSON.stringify(contents, null, 2)}\n`)
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
