// The page is built from its sources when it is first needed, and again when they change.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isStale, nodePath, ROOT, run } from './lib.mjs'

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

export function ensurePage() {
  const web = join(ROOT, 'packages/web')
  if (!existsSync(join(web, 'index.html'))) return
  const sources = [
    ...filesBelow(join(web, 'src')),
    ...filesBelow(join(web, 'public')),
    ...filesBelow(join(ROOT, 'packages/core/src')),
    join(web, 'index.html'),
    join(web, 'vite.config.ts'),
  ]
  if (!isStale(join(web, 'dist/index.html'), sources)) return
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js')
  if (run(nodePath(), [vite, 'build', web, '--logLevel', 'warn']) !== 0) process.exit(1)
}
