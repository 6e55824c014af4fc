/** Trusting a network: shows whose keys it offers, asks, and keeps the answer. */
import { AnswerableError, fromUtf8, parseJson } from '@answerable/core'
import { type VerifierKey, vkeyFingerprint } from '@answerable/core/note'
import { POLICY_LIMITS, type Policy, parsePolicy } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { get, isInTheClear, readUrl, under } from '../http.ts'
import { fingerprintLines, limitLines, policyLines, quorumWords } from '../output/policy-words.ts'
import { bad, bold, dim, good, print, warn } from '../output/style.ts'
import { plain, wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'
import { ask, canAsk } from '../prompt.ts'
import { checkName, type TrustedEntry, TrustStore } from '../trust-store.ts'

const OFFER_TYPE = 'https://answerable.dev/trust/v1'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    yes: { type: 'boolean', default: false },
    name: { type: 'string' },
    timeout: { type: 'string', default: '10' },
  })
  const [text] = expectPositionals(positionals, 'URL')
  const url = readUrl(text)
  const offer = await fetchOffer(url, numberOption(values.timeout, '--timeout', 0.1, 600) * 1000)
  const name = checkName(values.name ?? offer.name)
  const store = new TrustStore()
  const known = store.get(name)
  if (known !== undefined && known.text === offer.text) {
    print(`${bold(name)} is trusted already, with these very keys, since ${known.added.slice(0, 10)}.`)
    return 0
  }
  show(url, name, offer, known)
  warnOfShared(
    offer.policy,
    store.all().filter(other => other.name !== name),
  )
  // A change of keys is what an attacker would bring, so a yes given in advance does not cover it.
  const agreed = values.yes && known === undefined
  if (!agreed && !canAsk()) {
    throw new AnswerableError(
      'bad-request',
      known === undefined
        ? 'nobody can be asked here; compare the fingerprints, then run this again with --yes'
        : `the keys of ${name} have changed, which --yes does not cover; if that is right, run: ${asTyped(`trust remove ${name}`)}`,
    )
  }
  if (!agreed && !(await ask(known === undefined ? 'Trust this network?' : 'Trust it with these changes?'))) {
    print('Nothing was changed.')
    return 1
  }
  const path = store.put({
    name,
    text: offer.text,
    url: url.href,
    added: new Date().toISOString(),
    // A key that comes back under new terms is no less revoked.
    revoked: known?.revoked ?? {},
  })
  print(`${good('Trusted')} as ${bold(name)}.`, ...wrap(path, 2).map(dim))
  return 0
}

interface Offer {
  name: string
  text: string
  policy: Policy
}

async function fetchOffer(url: URL, timeoutMs: number): Promise<Offer> {
  const bytes = await get(under(url, 'trust'), { most: POLICY_LIMITS.bytes, timeoutMs })
  try {
    const { type, name, policy } = parseJson(fromUtf8(bytes), { maxDepth: 4 }) as Record<string, unknown>
    if (type !== OFFER_TYPE || typeof name !== 'string' || typeof policy !== 'string')
      throw new AnswerableError('bad-shape', 'expected an object of type, name and policy')
    return { name, text: policy, policy: parsePolicy(policy, nodeSuite) }
  } catch (cause) {
    if (!(cause instanceof AnswerableError) && !(cause instanceof TypeError)) throw cause
    const code = cause instanceof AnswerableError ? cause.code : 'bad-shape'
    throw new AnswerableError(
      code,
      `${url.origin} does not offer a network to trust: ${plain(cause.message)}`,
      { cause },
    )
  }
}

function show(url: URL, name: string, { policy }: Offer, known: TrustedEntry | undefined): void {
  print(`${plain(url.href)} offers the network ${bold(name)}:`, '', ...policyLines(policy))
  if (policy.logs.length === 0) print(warn('  It names no log, so nothing can come of it.'))
  print('', ...limitLines(policy).map(warn))
  if (isInTheClear(url))
    print(...wrap('It came over plain http, where others can change it on the way.', 2).map(warn))
  print(...wrap('Compare these fingerprints with what its owners tell you by another way.', 2), '')
  if (known !== undefined)
    print(bad(`You trust ${name} already, and this is not the same:`), ...changes(known.policy, policy), '')
}

/** All quorums over a log must be met, so a second network with it makes receipts harder to accept, never easier. */
function warnOfShared({ logs }: Policy, others: readonly TrustedEntry[]): void {
  const shared = logs.filter(({ key }) => others.some(other => hasLog(other, key)))
  if (shared.length === 0) return
  const names = others.filter(other => shared.some(({ key }) => hasLog(other, key))).map(({ name }) => name)
  const keys = shared.map(({ key }) => plain(key.name)).join(', ')
  const [key, logWords] = shared.length === 1 ? ['this key', 'that log'] : ['these keys', 'those logs']
  const words = `You trust ${key} already, in ${names.join(', ')}: ${keys}. Receipts of ${logWords} must then meet this quorum as well.`
  print(...wrap(words, 2).map(warn), '')
}

function hasLog({ policy }: TrustedEntry, key: VerifierKey): boolean {
  const fingerprint = vkeyFingerprint(key, nodeSuite)
  return policy.logs.some(log => vkeyFingerprint(log.key, nodeSuite) === fingerprint)
}

/** What a second policy of one name takes away and adds. */
export function changes(before: Policy, after: Policy): string[] {
  const old = keysOf(before)
  const now = keysOf(after)
  const lines: string[] = []
  for (const [id, { words, key }] of old)
    if (!now.has(id)) lines.push(bad(`  - ${words}`), ...fingerprintLines(key, 4))
  for (const [id, { words, key }] of now)
    if (!old.has(id)) lines.push(warn(`  + ${words}`), ...fingerprintLines(key, 4))
  if (quorumWords(before) !== quorumWords(after))
    lines.push(...wrap(`- quorum: ${quorumWords(before)}`, 2), ...wrap(`+ quorum: ${quorumWords(after)}`, 2))
  return lines.length > 0 ? lines : ['  the same keys and quorum, with other names, groups or addresses']
}

function keysOf({ logs, witnesses }: Policy): Map<string, { words: string; key: VerifierKey }> {
  const all = [
    ...logs.map(({ key }) => ({ words: `log ${plain(key.name)}`, key })),
    ...witnesses.map(({ name, key }) => ({ words: `witness ${plain(name)}`, key })),
  ]
  return new Map(all.map(one => [`${one.words} ${vkeyFingerprint(one.key, nodeSuite)}`, one]))
}
