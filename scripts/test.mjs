// npm test: installs what is missing, checks types, lint, format and the wall, then runs every test.
// Arguments are passed on: npm test -- packages/core runs only what lies there.
import { join } from 'node:path'
import { ensureInstalled, nodePath, ROOT, run } from './lib.mjs'
import { ensurePage } from './page.mjs'

ensureInstalled(true)
const node = nodePath()
const only = process.argv.slice(2)
if (only.length === 0 && run(node, [join(ROOT, 'scripts/check.mjs')]) !== 0) process.exit(1)
ensurePage()
const where = only.length === 0 ? ['packages/*', 'test'] : only
const patterns = where.map(path => (path.endsWith('.ts') ? path : `${path.replace(/\/$/, '')}/**/*.test.ts`))
process.exit(
  run(node, ['--test', '--test-reporter=spec', '--test-concurrency=2', '--test-timeout=300000', ...patterns]),
)
