/** A network of one's own, in one process, and what to do with it. */
import { ownerGroups } from '@answerable/core/tlog'
import { exampleEvidence } from '@answerable/node/attester'
import { isLoopback } from '@answerable/node/gateway'
import { type LocalNetwork, NO_EVIDENCE } from '@answerable/node/network'
import { agreeOnChat } from '../chat-offers.ts'
import { expectPositionals, readArguments } from '../command.ts'
import { runNetwork, writeDemoRequest } from '../network.ts'
import { checkExamples, exampleLines } from '../output/example-evidence.ts'
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
    'example-evidence': { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  return runNetwork(
    values,
    network =>
      print(
        ...startLines(network, writeDemoRequest(network.dataFolder)),
        ...(values['example-evidence'] ? exampleLines(checkExamples(exampleEvidence(Date.now()))) : []),
      ),
    config => agreeOnChat(config, values),
  )
}

export function startLines(network: LocalNetwork, requestFile: string): string[] {
  const { url, witnesses, models, routes, upstreams, dataFolder } = network
  const names = models.map(({ name, version }) => `${name} ${version}`).join(', ')
  const chat = upstreams.map(one => `${plain(one.name)} (${one.models.map(plain).join(', ')})`).join(', ')
  const model = models.find(({ name }) => name === 'credit-int8') ?? models[0]
  return [
    '',
    bold(titleOf(network)),
    '',
    ...memberLines(network),
    `  page         ${style(['cyan', 'underline'], `${url}/`)}`,
    `  gateway      ${url}/v2 and ${url}/v1`,
    ...labelled('models', names),
    ...routes.flatMap(({ name, asks }) => labelled('opinions', `${name} asks ${asks.map(plain).join(', ')}`)),
    ...labelled('chat', chat === '' ? 'none: nobody here to answer it (see start --help)' : chat),
    `  log          ${url}/log`,
    `  registry     ${url}/registry`,
    ...witnesses.map(({ url: at }, i) => `${(i === 0 ? '  witnesses' : '').padEnd(15)}${at}`),
    ...labelled('', warn(ownersWords(network))),
    ...labelled('exposed', exposedWords(network)),
    ...labelled('evidence', evidenceWords(network)),
    ...labelled('data', dataFolder),
    '',
    ...(model === undefined ? [] : [...decisionLines(url, model.name, requestFile), '']),
    bold('Trust it, once, and check the receipt of an answer'),
    '',
    `  ${good(`${program()} trust add ${network.publicUrl}`)}`,
    `  ${good(`${program()} receipt get "RECEIPT-URL" -o receipt.json`)}`,
    `  ${good(`${program()} verify receipt.json`)}`,
    '',
    ...wrap('RECEIPT-URL is the Answerable-Receipt-Url in the head of the answer.', 2).map(dim),
    dim('  Ctrl-C ends it. What was recorded stays.'),
    '',
  ]
}

/** A network that nobody else was asked into has no name but its id. */
function isAlone({ registry, network }: LocalNetwork): boolean {
  return registry.book.state.name === network
}

function titleOf(network: LocalNetwork): string {
  const { name } = network.registry.book.state
  return isAlone(network)
    ? `Answerable runs a network of its own, ${network.network}`
    : `Answerable runs ${network.member} in the network ${plain(name) || network.registry.network.slice(0, 16)}`
}

function memberLines(network: LocalNetwork): string[] {
  if (isAlone(network)) return []
  const { registry, member } = network
  const { state } = registry.book
  const status = state.members.get(member)?.status
  const words = {
    active: 'active',
    applying: 'not admitted yet: its log is not witnessed before (network status says what is missing)',
    suspended: 'suspended',
    left: 'has left',
  }
  const host = registry.hosting ? 'this process' : `${plain(state.host?.member ?? 'not known yet')}`
  return [
    ...labelled(
      'member',
      `${member}: ${status === undefined ? 'unknown to the registry so far' : words[status]}`,
    ),
    `  charter      ${registry.network}`,
    ...labelled('host', host),
  ]
}

function ownersWords(network: LocalNetwork): string {
  if (isAlone(network)) return witnessCount(network.witnesses.length, network.owner)
  const { policy } = network
  const owners = ownerGroups(policy).map(({ name }) => plain(name).replace(/^owner-/, ''))
  const all = count(policy.witnesses.length, 'witness', 'witnesses')
  return `${all} in the network, ${count(owners.length, 'owner')}: ${owners.join(', ') || 'none'}`
}

/** What others can reach, and where. */
export function exposedWords({ exposed, publicUrl, url }: LocalNetwork): string {
  const what = 'registry, witnesses, log, receipts, shared models'
  if (exposed !== undefined)
    return `${exposed}${publicUrl === exposed ? '' : ` as ${plain(publicUrl)}`}: ${what}; no calls, no page, no metrics`
  if (isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, '')))
    return `nothing: all of it is on ${url} alone`
  return `all of it, on ${url}, calls to those with keys`
}

function evidenceWords({ attesting }: LocalNetwork): string {
  if (attesting === undefined) return NO_EVIDENCE
  const { platform, met, unmet, evidence, error, running } = attesting.status
  if (evidence === null)
    return running === null
      ? warn(`none yet: ${plain(error?.message ?? 'it failed')}`)
      : warn('none yet: the hardware, or its vendor, is slow to answer')
  const own = met ? 'meets the policy' : `does not meet the policy: ${unmet.map(plain).join('; ')}`
  return `${plain(platform ?? 'unknown')}; by this node’s own check it ${own}`
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
