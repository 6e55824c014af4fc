/** Has the running process fetch anew what vendors say of its hardware, and state it. */
import { expectPositionals, readArguments } from '../command.ts'
import { attestingLines } from '../output/attesting.ts'
import { print, printJson } from '../output/style.ts'
import { askNode } from '../registry/ask-node.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const status = await askNode('refresh', values.data)
  if (values.json) printJson(status)
  else print(...attestingLines(status))
  return status.met ? 0 : 1
}
