/** Trusting a network no longer. */
import { expectPositionals, readArguments } from '../command.ts'
import { print } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { positionals } = readArguments(args, {})
  const [name] = expectPositionals(positionals, 'NAME')
  const store = new TrustStore()
  // One that is damaged can be removed too.
  if (!store.names().includes(name)) store.known(name)
  store.remove(name)
  print(...wrap(`${name} is no longer trusted. Its receipts now come out as not checked.`))
  return 0
}
