/** A network of one's own, in one process, and what to do with it. */
import type { LocalNetwork } from '@answerable/node/network'
import { agreeOnChat } from '../chat-offers.ts'
import { expectPositionals, readArguments } from '../command.ts'
import { runNetwork, writeDemoRequest } from '../network.ts'
import { bold, dim, good, print, style, warn } from '../output/style.ts'
import { count, labelled, plain, wrap } from '../output/text.ts'
import { program } from '../program.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    port: { type: 'string' },
    data: { type: 'string' },
    config: { type: 'string' },
    chat: { type: 'string', multiple: true, default: [] },
    gguf: { type: 'string' },
  })
  expectPositionals(positionals)
  return runNetwork(
    values,
    network => print(...startLines(network, writeDemoRequest(network.dataFolder))),
    config => agreeOnChat(config, values),
  )
}

export function startLines(network: LocalNetwork, requestFile: string): string[] {
  const { url, owner, witnesses, models, upstreams, dataFolder } = network
  const names = models.map(({ name, version }) => `${name} ${version}`).join(', ')
  const chat = upstreams.map(one => `${plain(one.name)} (${one.models.map(plain).join(', ')})`).join(', ')
  const model = models.find(({ name }) => name === 'credit-int8') ?? models[0]
  return [
    '',
    bold(`Answerable runs a network of its own, ${network.network}`),
    '',
    `  page         ${style(['cyan', 'underline'], `${url}/`)}`,
    `  gateway      ${url}/v2 and ${url}/v1`,
    ...labelled('models', names),
    ...labelled('chat', chat === '' ? 'none: nobody here to answer it (see start --help)' : chat),
    `  log          ${url}/log`,
    `  registry     ${url}/registry`,
    ...witnesses.map(({ url: at }, i) => `${(i === 0 ? '  witnesses' : '').padEnd(15)}${at}`),
    ...labelled('', warn(witnessCount(witnesses.length, owner))),
    ...labelled('data', dataFolder),
    '',
    ...(model === undefined ? [] : [...decisionLines(url, model.name, requestFile), '']),
    bold('Trust it, once, and check the receipt of an answer'),
    '',
    `  ${good(`${program()} trust add ${url}`)}`,
    `  ${good(`${program()} receipt get "RECEIPT-URL" -o receipt.json`)}`,
    `  ${good(`${program()} verify receipt.json`)}`,
    '',
    ...wrap('RECEIPT-URL is the Answerable-Receipt-Url in the head of the answer.', 2).map(dim),
    dim('  Ctrl-C ends it. What was recorded stays.'),
    '',
  ]
}

/** Says how few would have to collude: `3 witnesses, 1 owner: you`. */
export function witnessCount(number: number, owner: string): string {
  return `${count(number, 'witness', 'witnesses')}, 1 owner: ${plain(owner)}`
}

function decisionLines(url: string, model: string, requestFile: string): string[] {
  return [
    bold('Ask for a decision'),
    '',
    `  ${good(`curl -i ${url}/v2/models/${model}/infer \\`)}`,
    `    ${good(`-H "content-type: application/json" \\`)}`,
    `    ${good(`--data-binary "@${requestFile}"`)}`,
  ]
}
