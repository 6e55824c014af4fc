// Builds the packages as they are published (ESM with types, under dist/) and packs them into a folder.
// Usage: node scripts/pack.mjs FOLDER
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { ensureInstalled, nodePath, ROOT } from './lib.mjs'
import { ensurePage } from './page.mjs'

ensureInstalled(true)
const out = resolve(process.argv[2] ?? 'packed')
const stage = join(out, 'stage')
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
rmSync(stage, { recursive: true, force: true })
mkdirSync(stage, { recursive: true })

function fail(message) {
  console.error(message)
  process.exit(1)
}

/** The published form of a path into the sources. */
const built = path => path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js')

function exportsOf(exports) {
  return Object.fromEntries(
    Object.entries(exports).map(([name, path]) => {
      if (!path.startsWith('./src/')) return [name, path]
      const target = built(path)
      return [name, { types: target.replace(/\.js$/, '.d.ts'), default: target }]
    }),
  )
}

for (const name of ['core', 'node', 'web', 'cli']) {
  const source = join(ROOT, 'packages', name)
  const target = join(stage, name)
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  mkdirSync(target, { recursive: true })
  if (name === 'web') {
    ensurePage()
    cpSync(join(source, 'dist'), join(target, 'dist'), { recursive: true })
    // The page is published built: what built it is not needed to serve it.
    delete manifest.dependencies
    delete manifest.devDependencies
    delete manifest.scripts
  } else {
    compile(name, source, target)
    manifest.exports = exportsOf(manifest.exports)
    if (manifest.bin)
      manifest.bin = Object.fromEntries(Object.entries(manifest.bin).map(([k, v]) => [k, built(v)]))
  }
  manifest.files = ['dist']
  manifest.repository = undefined
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  cpSync(join(ROOT, 'LICENSE'), join(target, 'LICENSE'))
  cpSync(join(ROOT, 'README.md'), join(target, 'README.md'))
  const packed = spawnSync('npm', ['pack', '--silent', '--pack-destination', out], {
    cwd: target,
    encoding: 'utf8',
  })
  if (packed.status !== 0) fail(packed.stderr)
  console.log(join(out, packed.stdout.trim().split('\n').at(-1)))
}
rmSync(stage, { recursive: true, force: true })

function compile(name, source, target) {
  const paths = {}
  for (const other of ['core', 'node']) {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', other, 'package.json'), 'utf8'))
    for (const [at, path] of Object.entries(manifest.exports)) {
      const types = join(stage, other, built(path).replace(/\.js$/, '.d.ts'))
      paths[manifest.name + at.slice(1)] = [types.replaceAll('\\', '/')]
    }
  }
  // Against the built types of the packages below it, so that no source of theirs is compiled again.
  const config = {
    extends: relative(target, join(source, 'tsconfig.json')).replaceAll('\\', '/'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      outDir: join(target, 'dist'),
      rootDir: join(source, 'src'),
      paths,
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: [join(source, 'src')],
    exclude: [join(source, 'src/**/*.test.ts'), join(source, 'src/**/*.fixture.ts')],
  }
  const file = join(target, 'tsconfig.json')
  writeFileSync(file, JSON.stringify(config))
  const done = spawnSync(nodePath(), [tsc, '-p', file], { cwd: ROOT, encoding: 'utf8' })
  rmSync(file)
  if (done.status !== 0) fail(`${name} does not build:\n${done.stdout}${done.stderr}`)
}
