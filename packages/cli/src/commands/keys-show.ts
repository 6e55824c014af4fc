/** The public keys of a data folder, for others to compare. */
import { AnswerableError } from '@answerable/core'
import { formatVkey, vkeyFingerprint } from '@answerable/core/note'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { openDataFolder } from '../data-folder.ts'
import { dataFolder } from '../home.ts'
import { keyLines } from '../output/policy-words.ts'
import { print, printJson } from '../output/style.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const folder = values.data ?? dataFolder()
  const { keys } = openDataFolder(folder)
  if (keys.length === 0) throw new AnswerableError('not-found', `${folder}: there are no keys here`)
  if (values.json) {
    printJson({
      keys: keys.map(({ role, key }) => ({
        role,
        name: key.name,
        fingerprint: vkeyFingerprint(key, nodeSuite),
        vkey: formatVkey(key),
      })),
    })
  } else for (const { role, key } of keys) print(...keyLines(role, key.name, key), `  ${formatVkey(key)}`)
  return 0
}
