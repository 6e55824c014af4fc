// npm start: installs what is missing, builds the page once, and starts a local network.
import { join } from 'node:path'
import { ensureInstalled, nodePath, ROOT, runAndExit } from './lib.mjs'
import { ensurePage } from './page.mjs'

ensureInstalled(false)
ensurePage()
runAndExit(nodePath(), [join(ROOT, 'packages/cli/src/main.ts'), 'start', ...process.argv.slice(2)])
