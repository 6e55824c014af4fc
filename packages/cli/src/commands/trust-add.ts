/** Trusting a network: shows whose keys it offers, asks, and keeps the answer. */
import { AnswerableError, fromUtf8, parseJson } from '@answerable/core'
import { type VerifierKey, vkeyFingerprint } from '@answerable/core/note'
import { POLICY_LIMITS, type Policy, parsePolicy } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { get, isInTheClear, readUrl, under } from '../http.ts'
import { policyChanges } from '../output/policy-changes.ts'
import { limitLines, policyLines } from '../output/policy-words.ts'
import { bad, bold, dim, good, note, print, warn } from '../output/style.ts'
import { plain, wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'
import { ask, canAsk } from '../prompt.ts'
import { type Followed, followRegistry, mergeRevoked } from '../registry/follow.ts'
import { clientOf } from '../registry/member-folder.ts'
import { checkName, type TrustedEntry, TrustStore } from '../trust-store.ts'
import { run as update } from './trust-update.ts'

const OFFER_TYPE = 'https://answerable.dev/trust/v1'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    yes: { type: 'boolean', default: false },
    name: { type: 'string' },
    timeout: { type: 'string', default: '10' },
  })
  const [text] = expectPositionals(positionals, 'URL')
  const url = readUrl(text)
  const offered = await fetchOffer(url, numberOption(values.timeout, '--timeout', 0.1, 600) * 1000)
  const name = checkName(values.name ?? offered.name)
  const store = new TrustStore()
  const known = store.get(name)
  // The same network, as it is by now: its registry says what changed, and that it may.
  if (known?.network !== undefined && known.network === offered.network) return update([name, url.href])
  const followed = await followOffer(url, offered)
  const offer = followed === undefined ? offered : { ...offered, ...followed }
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
  const { network } = offer
  const path = store.put({
    name,
    text: offer.text,
    url: url.href,
    added: new Date().toISOString(),
    ...(network !== undefined && { network }),
    // A key that comes back under new terms is no less revoked.
    revoked: mergeRevoked(known?.revoked ?? {}, followed?.revoked ?? {}),
  })
  if (followed !== undefined) store.keep(name, followed.replayed.note, followed.entries)
  print(`${good('Trusted')} as ${bold(name)}.`, ...wrap(path, 2).map(dim))
  return 0
}

interface Offer {
  name: string
  text: string
  policy: Policy
  /** SHA-256 of the charter's statement. */
  network?: string
}

/** What its registry comes to, where it can be had: the offer's own policy is one server's word. */
async function followOffer(url: URL, { network }: Offer): Promise<Followed | undefined> {
  if (network === undefined) return undefined
  try {
    return await followRegistry(clientOf(url.href), network)
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    note(
      ...wrap(
        `warning: its registry could not be replayed (${error.message}); this is the server’s own word`,
      ),
    )
    return undefined
  }
}

async function fetchOffer(url: URL, timeoutMs: number): Promise<Offer> {
  const bytes = await get(under(url, 'trust'), { most: POLICY_LIMITS.bytes, timeoutMs })
  try {
    const fields = parseJson(fromUtf8(bytes), { maxDepth: 4 }) as Record<string, unknown>
    const { type, name, policy, network } = fields
    if (type !== OFFER_TYPE || typeof name !== 'string' || typeof policy !== 'string')
      throw new AnswerableError('bad-shape', 'expected an object of type, name and policy')
    if (network !== undefined && !/^[0-9a-f]{64}$/.test(String(network)))
      throw new AnswerableError('bad-shape', 'network: expected the digest of a charter')
    return {
      name,
      text: policy,
      policy: parsePolicy(policy, nodeSuite),
      ...(network !== undefined && { network: String(network) }),
    }
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

function show(url: URL, name: string, { policy, network }: Offer, known: TrustedEntry | undefined): void {
  print(`${plain(url.href)} offers the network ${bold(name)}:`, '')
  if (network !== undefined) print(`  charter      ${network}`)
  print(...policyLines(policy))
  if (policy.logs.length === 0) print(warn('  It names no log, so nothing can come of it.'))
  print('', ...limitLines(policy).map(warn))
  if (isInTheClear(url))
    print(...wrap('It came over plain http, where others can change it on the way.', 2).map(warn))
  print(...wrap('Compare these fingerprints with what its owners tell you by another way.', 2), '')
  if (known !== undefined)
    print(
      bad(`You trust ${name} already, and this is not the same:`),
      ...policyChanges(known.policy, policy),
      '',
    )
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
