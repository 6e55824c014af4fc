/** Making the index of records again from the log's segments. It is never the truth, so nothing is lost by it. */
import { rebuildIndex } from '@answerable/node/record'
import { lockFolder, realDisk } from '@answerable/node/storage'
import { expectPositionals, readArguments, required } from '../command.ts'
import { openDataFolder } from '../data-folder.ts'
import { print } from '../output/style.ts'
import { count } from '../output/text.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, { data: { type: 'string' } })
  expectPositionals(positionals)
  const { root, logs } = openDataFolder(required(values.data, '--data'))
  const unlock = lockFolder(root)
  try {
    for (const { path, entries } of logs) {
      // A registry keeps no index: where its entries lie is held in memory.
      if (entries !== 'digest') continue
      print(`${count(await rebuildIndex(realDisk, path), 'record')} indexed again in ${path}`)
    }
  } finally {
    unlock()
  }
  return 0
}
