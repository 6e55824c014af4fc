/** An honest operator in a process of its own, with whichever runtime ANSWERABLE_LLAMA names: prints records as JSON. */
import { parseArgs } from 'node:util'
import { askLlama } from '../../packages/node/src/replay/records.fixture.ts'
import { asked, open } from '../lib/audit-llama.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const [file, from, count, tokens] = positionals as [string, string, string, string]
const model = await open(file)
const records: unknown[] = []
for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
  const record = await askLlama(model, '/v1/completions', asked(seed, Number(tokens)))
  records.push({
    ...record,
    statement: base64(record.statement),
    begin: record.begin && base64(record.begin),
    request: base64(record.request),
    response: base64(record.response),
  })
}
console.log(JSON.stringify(records))

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
