/** A gateway from a configuration file, for a supervisor to run: it says where it is and what it does, no more. */
import type { LocalNetwork } from '@answerable/node/network'
import { expectPositionals, readArguments } from '../command.ts'
import { runNetwork } from '../network.ts'
import { print } from '../output/style.ts'
import { labelled, plain } from '../output/text.ts'
import { exposedWords, witnessCount } from './start.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    port: { type: 'string' },
    data: { type: 'string' },
    config: { type: 'string' },
  })
  expectPositionals(positionals)
  return runNetwork(values, network => print(...gatewayLines(network)))
}

function gatewayLines(network: LocalNetwork): string[] {
  const { url, owner, witnesses, models, upstreams, dataFolder } = network
  return [
    `gateway at ${url}`,
    ...labelled('models', models.map(({ name }) => name).join(', ') || 'none of its own'),
    ...labelled('upstreams', upstreams.map(({ name }) => plain(name)).join(', ') || 'none'),
    ...labelled('witnesses', witnessCount(witnesses.length, owner)),
    ...labelled('exposed', exposedWords(network)),
    ...labelled('data', dataFolder),
  ]
}
