/**
 * Following a trusted network: replays its registry from any mirror, which must be of the very charter that was agreed
 * to and continue what was kept before, and writes the policy anew. So a reader follows new members, keys and hosts.
 */
import { AnswerableError, errorCode } from '@answerable/core'
import type { Policy } from '@answerable/core/tlog'
import { expectPositionals, readArguments } from '../command.ts'
import { readUrl } from '../http.ts'
import { policyChanges } from '../output/policy-changes.ts'
import { bold, good, note, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { asTyped } from '../program.ts'
import { ask, canAsk } from '../prompt.ts'
import { type Followed, followRegistry, mergeRevoked } from '../registry/follow.ts'
import { clientOf } from '../registry/member-folder.ts'
import { ownerWords } from '../registry/words.ts'
import { type KeptRegistry, type TrustedEntry, TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    yes: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  const [name, ...more] = positionals
  if (name === undefined) expectPositionals(positionals, 'NAME')
  const given = more.length === 0 ? undefined : readUrl(expectPositionals(more, 'URL')[0]).href
  const store = new TrustStore()
  const known = store.known(name!)
  if (known.network === undefined)
    throw new AnswerableError(
      'bad-request',
      `${known.name} was added without a registry; to pin one, run: ${asTyped(`trust remove ${known.name}`)}, and add it again`,
    )
  const kept = store.kept(known.name)
  const { followed, url } = await follow(known, known.network, kept, given)
  const revoked = mergeRevoked(known.revoked, followed.revoked)
  const changed = followed.text !== known.text || JSON.stringify(revoked) !== JSON.stringify(known.revoked)
  const { replayed } = followed
  if (!values.json) print(...lines(known, followed, url, changed, kept))
  // Where nothing was kept, nothing but the charter holds it to what was agreed.
  if (changed && kept === undefined && !values.yes) {
    if (!canAsk())
      throw new AnswerableError(
        'bad-request',
        'no registry was kept to compare with; look at the changes, then run this again with --yes',
      )
    if (!(await ask('Trust it with these changes?'))) {
      print('Nothing was changed.')
      return 1
    }
  }
  store.put({ ...known, text: followed.text, revoked, url })
  store.keep(known.name, replayed.note, followed.entries)
  if (values.json)
    printJson({
      name: known.name,
      network: known.network,
      from: url,
      size: replayed.registry.size,
      before: kept?.size ?? null,
      changed,
      policy: followed.text,
      revoked,
    })
  return 0
}

function lines(
  { name, policy, network }: TrustedEntry,
  followed: Followed,
  url: string,
  changed: boolean,
  kept: KeptRegistry | undefined,
): string[] {
  const { replayed } = followed
  const more = kept === undefined ? '' : `, ${replayed.registry.size - kept.size} since`
  const gone = Object.keys(followed.revoked).map(vkey => plain(vkey.slice(0, vkey.indexOf('+'))))
  return [
    bold(name),
    `  charter      ${network}`,
    ...labelled('replayed', `${replayed.registry.size} entries${more}, from ${plain(url)}`),
    ...labelled('quorum', ownerWords(replayed)),
    ...labelled('host', plain(replayed.state.host!.member)),
    ...(gone.length > 0 ? labelled('revoked', gone.join(', ')) : []),
    '',
    ...(changed ? ['What changes:', ...policyChanges(policy, followed.policy)] : [good('Nothing changed.')]),
  ]
}

/** From the first mirror that will do. A fork is never passed over for another mirror that looks better. */
async function follow(
  { policy, url: before }: TrustedEntry,
  network: string,
  kept: KeptRegistry | undefined,
  given: string | undefined,
): Promise<{ followed: Followed; url: string }> {
  const urls = given === undefined ? [...new Set([before, ...mirrorsOf(policy)])] : [given]
  let failure: unknown
  for (const url of urls) {
    try {
      return { followed: await followRegistry(clientOf(url), network, kept), url }
    } catch (error) {
      if (!['unavailable', 'not-found', 'bad-format', 'too-large'].includes(errorCode(error))) throw error
      failure ??= error
      if (urls.length > 1) note(...wrap(`${plain(url)}: ${(error as Error).message}; asking another`))
    }
  }
  throw failure
}

/** Members that a policy names the addresses of: each has the whole registry. */
function mirrorsOf({ logs, witnesses }: Policy): string[] {
  const urls = [...logs, ...witnesses].flatMap(({ url }) => url ?? [])
  return urls.map(url => url.replace(/\/(registry|log|witness\/\d+)$/, ''))
}
