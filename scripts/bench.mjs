// npm run bench -- NAME: measured side by side with peers, in one run.
import { join } from 'node:path'
import { ensureInstalled, nodePath, ROOT, runAndExit } from './lib.mjs'

ensureInstalled(false)
runAndExit(nodePath(), [join(ROOT, 'bench/main.ts'), ...process.argv.slice(2)])
