// npm run fuzz:evidence: damaged inputs for every parser and check of evidence, a million each; nightly.
//   --count N    inputs for each target; 1000000 unless told
//   --seconds S  stop each target after so long
//   --seed N     the same inputs again; the day unless told
//   --only NAME  targets whose name has NAME in it
// It ends with 1, and the input in base64, at the first that throws anything but an error of ours, takes over a second, or
// leaves memory behind.
import { parseArgs } from 'node:util'
import { ensureInstalled, nodePath, ROOT, runAndExit } from './lib.mjs'

if (process.env.ANSWERABLE_FUZZ !== '1') {
  ensureInstalled(true)
  runAndExit(nodePath(), [`${ROOT}/scripts/fuzz-evidence.mjs`, ...process.argv.slice(2)], {
    ANSWERABLE_FUZZ: '1',
  })
} else {
  process.exitCode = await main().catch(error => {
    console.error(error.message)
    return 2
  })
}

async function main() {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '1000000' },
      seconds: { type: 'string' },
      seed: { type: 'string', default: new Date().toISOString().slice(0, 10).replaceAll('-', '') },
      only: { type: 'string', default: '' },
    },
  })
  const number = (name, text) => {
    const value = Number(text)
    if (Number.isFinite(value) && value > 0) return value
    throw new Error(`--${name}: expected a number above 0`)
  }
  const { fuzz } = await import('../packages/core/test/fuzz/fuzz.ts')
  const { evidenceTargets } = await import('../packages/core/test/fuzz/targets.ts')
  const count = number('count', values.count)
  const seed = number('seed', values.seed)
  const seconds = values.seconds === undefined ? undefined : number('seconds', values.seconds)
  const targets = evidenceTargets().filter(({ name }) => name.includes(values.only))
  console.log(`seed ${seed}, ${count} inputs for each of ${targets.length} targets`)
  console.log(
    `${'target'.padEnd(32)}${'inputs'.padStart(10)}${'read'.padStart(10)}  slowest   grown     time`,
  )
  let failed = 0
  for (const target of targets) {
    try {
      const {
        inputs,
        read,
        slowest,
        grown,
        seconds: took,
      } = fuzz(target, {
        count,
        seed,
        ...(seconds !== undefined && { seconds }),
      })
      const columns = [
        target.name.padEnd(32),
        String(inputs).padStart(10),
        String(read).padStart(10),
        `${slowest.toFixed(1)} ms`.padStart(11),
        `${(grown / 1e6).toFixed(1)} MB`.padStart(9),
        `${took.toFixed(1)} s`.padStart(10),
      ]
      console.log(columns.join(''))
    } catch (error) {
      failed++
      console.log(`${target.name.padEnd(32)}FAILED\n${error.stack ?? error}`)
      if (error.cause) console.log(error.cause)
    }
  }
  return failed === 0 ? 0 : 1
}
