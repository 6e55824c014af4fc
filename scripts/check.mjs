// Types, lint, format, and the dependency wall. Part of npm test.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ensureInstalled, nodePath, ROOT, run } from './lib.mjs'

ensureInstalled(true)
const node = nodePath()
let failed = 0

function step(name, code) {
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
  if (code !== 0) failed++
}

const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
for (const project of [
  'core',
  'core/tsconfig.test.json',
  'node',
  'cli',
  'web',
  'web/tsconfig.test.json',
  '../bench',
  '../test',
]) {
  step(`types: packages/${project}`, run(node, [tsc, '-p', join(ROOT, 'packages', project)]))
}
step(
  'lint and format',
  run(node, [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', ROOT]),
)
step('dependency wall', checkWall())
process.exit(failed === 0 ? 0 : 1)

/**
 * Arrows run one way: core knows nobody, node knows core, web knows core, cli knows node and core. The compiler keeps
 * core from platform types; this keeps imports in order.
 */
function checkWall() {
  const allowed = {
    core: [/^@noble\//, /^micro-rsa-dsa-dh\/rsa\.js$/, /^saxes$/],
    node: [/^@answerable\/core(\/|$)/, /^node:/, /^[a-z@]/],
    web: [/^@answerable\/core(\/|$)/, /^react(-dom)?(\/|$)/],
    cli: [/^@answerable\/(core|node)(\/|$)/, /^node:/],
  }
  const forbidden = { node: [/^@answerable\/(web|cli)/, /^answerable/], cli: [/^@answerable\/web/] }
  let bad = 0
  for (const [name, patterns] of Object.entries(allowed)) {
    const source = join(ROOT, 'packages', name, 'src')
    for (const entry of readdirSync(source, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !/\.tsx?$/.test(entry.name) || /\.(test|fixture)\.tsx?$/.test(entry.name))
        continue
      const path = join(entry.parentPath, entry.name)
      // Examples in comments import what their readers will.
      const text = readFileSync(path, 'utf8').replace(/^\s*(?:\*|\/\/|\/\*).*$/gm, '')
      for (const [, target] of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'([^']+)'/g)) {
        const relativeTarget = target.startsWith('.')
        const outside = relativeTarget && relative(source, join(path, '..', target)).startsWith('..')
        const refused = (forbidden[name] ?? []).some(pattern => pattern.test(target))
        if (outside || refused || (!relativeTarget && !patterns.some(pattern => pattern.test(target)))) {
          console.log(`  ${relative(ROOT, path)} may not import ${target}`)
          bad++
        }
      }
    }
  }
  return bad === 0 ? 0 : 1
}
