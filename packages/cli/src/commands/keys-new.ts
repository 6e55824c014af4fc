/** A new key for callers of a gateway, which keeps only its digest. */
import { hash, randomBytes } from 'node:crypto'
import { expectPositionals, readArguments } from '../command.ts'
import { dim, note, print, printJson } from '../output/style.ts'
import { wrap } from '../output/text.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    deployer: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const key = `ak-${randomBytes(32).toString('base64url')}`
  const entry = { sha256: hash('sha256', key, 'hex'), deployer: values.deployer ?? 'who uses it' }
  if (values.json) {
    printJson({ key, config: entry })
    return 0
  }
  print(key)
  note(
    '',
    ...wrap('This is the only time that it is shown. For the gateway, in "keys" of its configuration:').map(
      dim,
    ),
  )
  print('', JSON.stringify({ keys: [entry] }, null, 2))
  return 0
}
