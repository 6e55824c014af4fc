/** What is on hold. */
import { INFERENCE_TYPE, parseInference, parseStatement } from '@answerable/core/statement'
import type { RecordStore } from '@answerable/node/record'
import { expectPositionals, readArguments } from '../command.ts'
import { withNetwork } from '../network.ts'
import { recordWords } from '../output/held.ts'
import { bold, print, printJson } from '../output/style.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    config: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  await withNetwork(values, async ({ gateway: { lifecycle, store } }) => {
    const held = []
    for (const range of lifecycle.held()) {
      const id = range.end - range.first === 1 ? await idAt(store, range.first) : undefined
      held.push({ ...range, ...(id !== undefined && { id }) })
    }
    if (values.json) {
      printJson({ log: store.log.origin, held })
      return
    }
    print(bold(store.log.origin))
    if (held.length === 0) print('  nothing is on hold')
    for (const { id, ...range } of held) print(`  ${recordWords(range)}${id === undefined ? '' : `  ${id}`}`)
  })
  return 0
}

/** The id of a record; a statement about records has none. */
async function idAt({ storage }: RecordStore, index: number): Promise<string | undefined> {
  for await (const { statement } of storage.scan(index))
    return parseStatement(statement).predicateType === INFERENCE_TYPE
      ? parseInference(statement).id
      : undefined
  return undefined
}
