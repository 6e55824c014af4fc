// npm run bench -- NAME: measured side by side with peers, in one run.
import { join } from 'node:path'
import { ensureInstalled, nodePath, ROOT, runAndExit } from './lib.mjs'

// One peer, of `evidence`, is among what tests need.
ensureInstalled(true)
runAndExit(nodePath(), [join(ROOT, 'bench/main.ts'), ...process.argv.slice(2)])
