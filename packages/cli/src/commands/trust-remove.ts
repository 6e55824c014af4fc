/** Trusting a network no longer. */
import { AnswerableError } from '@answerable/core'
import { expectPositionals, readArguments } from '../command.ts'
import { print } from '../output/style.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { positionals } = readArguments(args, {})
  const [name] = expectPositionals(positionals, 'NAME')
  const store = new TrustStore()
  if (!store.remove(name)) {
    const names = store.names()
    throw new AnswerableError(
      'not-found',
      `no network ${name} is trusted${names.length > 0 ? `; there is ${names.join(', ')}` : ''}`,
    )
  }
  print(`${name} is no longer trusted. Its receipts now come out as not checked.`)
  return 0
}
