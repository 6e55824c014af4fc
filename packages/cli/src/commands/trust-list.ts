/** The networks that this reader trusts. */
import { expectPositionals, readArguments } from '../command.ts'
import { policyLines } from '../output/policy-words.ts'
import { bold, dim, print, printJson } from '../output/style.ts'
import { labelled, plain } from '../output/text.ts'
import { PublisherStore } from '../publisher-store.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, { json: { type: 'boolean', default: false } })
  expectPositionals(positionals)
  const entries = new TrustStore().all()
  const publishers = new PublisherStore().all()
  if (values.json) {
    printJson({
      networks: entries.map(({ name, url, added, text }) => ({ name, url, added, policy: text })),
      publishers: publishers.map(({ name, key, added }) => ({ name, key: key.pem, id: key.id, added })),
    })
    return 0
  }
  if (entries.length === 0) print('No network is trusted. Add one: answerable trust add URL')
  for (const [i, { name, url, added, policy }] of entries.entries()) {
    if (i > 0) print('')
    print(bold(name), dim(`  from ${plain(url)} on ${plain(added).slice(0, 10)}`), ...policyLines(policy))
  }
  for (const { name, key, added } of publishers)
    print(
      '',
      bold(name),
      dim(`  publisher of models, since ${plain(added).slice(0, 10)}`),
      ...labelled('key', key.id),
    )
  return 0
}
