/** Trusting a publisher's key for models. */
import { AnswerableError } from '@answerable/core'
import { parsePublisherKey } from '@answerable/core/model'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments, required } from '../command.ts'
import { readInput } from '../input.ts'
import { bold, good, print } from '../output/style.ts'
import { labelled, wrap } from '../output/text.ts'
import { ask, canAsk } from '../prompt.ts'
import { PublisherStore } from '../publisher-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    name: { type: 'string' },
    remove: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
  })
  const name = required(values.name, '--name')
  const store = new PublisherStore()
  if (values.remove) {
    expectPositionals(positionals)
    if (!store.remove(name)) throw new AnswerableError('not-found', `no publisher ${name} is trusted`)
    print(`${name} is no longer trusted. What it signed now counts as the operator's word.`)
    return 0
  }
  const [file] = expectPositionals(positionals, 'KEY')
  const key = parsePublisherKey(Buffer.from(await readInput(file, 1 << 20)).toString(), nodeSuite)
  const known = store.get(name)
  if (known?.key.id === key.id) {
    print(`${bold(name)} is trusted already, with this very key, since ${known.added.slice(0, 10)}.`)
    return 0
  }
  print(
    `${bold(name)} would be trusted to sign models with this ${key.algorithm} key:`,
    ...labelled('key', key.id),
  )
  if (known !== undefined) print(...labelled('instead of', known.key.id))
  print(...wrap('Compare it with what the publisher tells you by another way.', 2))
  // Another key under a known name is what an attacker would bring, so a yes given in advance does not cover it.
  const agreed = values.yes && known === undefined
  if (!agreed && !canAsk())
    throw new AnswerableError(
      'bad-request',
      known === undefined
        ? 'nobody can be asked here; compare the key, then run this again with --yes'
        : `the key of ${name} has changed, which --yes does not cover; if that is right, remove it first with --remove`,
    )
  if (!agreed && !(await ask(known === undefined ? 'Trust this key?' : 'Trust this key instead?'))) {
    print('Nothing was changed.')
    return 1
  }
  store.put({ name, key, added: new Date().toISOString() })
  print(`${good('Trusted')} as ${bold(name)}.`)
  return 0
}
