/** The networks that this reader trusts. */
import { expectPositionals, readArguments } from '../command.ts'
import { policyLines } from '../output/policy-words.ts'
import { bold, dim, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'
import { PublisherStore } from '../publisher-store.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, { json: { type: 'boolean', default: false } })
  expectPositionals(positionals)
  const entries = new TrustStore().all()
  const publishers = new PublisherStore().all()
  if (values.json) {
    const networks = entries.map(({ name, url, added, text, revoked }) => ({
      name,
      url,
      added,
      policy: text,
      revoked: Object.entries(revoked).map(([vkey, since]) => ({
        vkey,
        since: new Date(since * 1000).toISOString(),
      })),
    }))
    printJson({
      networks,
      publishers: publishers.map(({ name, key, added }) => ({ name, key: key.pem, id: key.id, added })),
    })
    return 0
  }
  if (entries.length === 0) print(...wrap(`No network is trusted. Add one: ${asTyped('trust add URL')}`))
  for (const [i, { name, url, added, policy, revoked }] of entries.entries()) {
    if (i > 0) print('')
    print(
      bold(name),
      ...labelled('from', `${plain(url)} on ${plain(added).slice(0, 10)}`).map(dim),
      ...policyLines(policy, revoked),
    )
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
