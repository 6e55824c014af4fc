/** `npm run bench -- NAME [--json]`: measures, prints a table or one JSON object, and ends with 1 where a target is missed. */
import { type Benchmark, machine, table } from './lib/rows.ts'

const NAMES = [
  'gateway',
  'log',
  'verify',
  'models',
  'registry',
  'audit',
  'dispute',
  'compare',
  'evidence',
] as const
const [name] = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const json = process.argv.includes('--json')

if (!NAMES.includes(name as (typeof NAMES)[number])) {
  console.error(`usage: npm run bench -- NAME [--json]\nNAME is one of: ${NAMES.join(', ')}`)
  process.exit(2)
}
const { benchmark } = (await import(`./${name}.ts`)) as { benchmark: Benchmark }
const rows = await benchmark.run(line => console.error(line))
if (json) console.log(JSON.stringify({ name, machine: machine(), rows }))
else console.log(`\n${benchmark.title}: ${machine()}\n\n${table(rows)}`)
process.exit(rows.some(({ pass }) => pass === false) ? 1 : 0)
