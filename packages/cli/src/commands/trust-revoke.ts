/** Counting a key no longer: it was stolen or lost, and its owner says so by another way. */
import { AnswerableError } from '@answerable/core'
import { formatVkey, type VerifierKey, vkeyFingerprint } from '@answerable/core/note'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { readTime } from '../input.ts'
import { fingerprintLines } from '../output/policy-words.ts'
import { bold, good, print, printJson } from '../output/style.ts'
import { plain, wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import { type TrustedEntry, TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    since: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [name, text] = expectPositionals(positionals, 'NAME', 'KEY')
  const since = Math.floor(
    (values.since === undefined ? Date.now() : readTime(values.since, '--since')) / 1000,
  )
  const store = new TrustStore()
  const entry = store.known(name)
  const { role, key } = findKey(entry, text)
  const vkey = formatVkey(key)
  store.put({ ...entry, revoked: { ...entry.revoked, [vkey]: since } })
  if (values.json) {
    printJson({ network: name, role, vkey, since: new Date(since * 1000).toISOString() })
    return 0
  }
  const kept =
    role === 'log'
      ? 'What a quorum cosigned before that stays good; all else that it signed fails.'
      : 'It counts only where a whole quorum cosigned before that.'
  print(
    ...wrap(
      `${good('Revoked')} in ${bold(name)}, since ${time(since * 1000)}: the ${role} ${plain(key.name)}`,
    ),
    ...fingerprintLines(key, 2),
    ...wrap(kept),
  )
  return 0
}

interface Named {
  role: 'log' | 'witness'
  /** What it goes by in the policy. */
  names: readonly string[]
  key: VerifierKey
}

/** By name, fingerprint or vkey. Throws `not-found`, and `bad-request` where a name is that of several keys. */
function findKey({ name, policy }: TrustedEntry, text: string): Named {
  const keys: Named[] = [
    ...policy.logs.map(({ key }) => ({ role: 'log', names: [key.name], key }) as const),
    ...policy.witnesses.map(
      one => ({ role: 'witness', names: [one.name, one.key.name], key: one.key }) as const,
    ),
  ]
  const digits = text.replace(/[\s:]/g, '').toLowerCase()
  const found = keys.filter(
    ({ names, key }) =>
      names.includes(text) ||
      formatVkey(key) === text ||
      vkeyFingerprint(key, nodeSuite).replaceAll(' ', '') === digits,
  )
  if (found.length === 1) return found[0]!
  if (found.length > 1)
    throw new AnswerableError(
      'bad-request',
      `${plain(text)} is the name of ${found.length} keys; give the fingerprint of one`,
    )
  throw new AnswerableError(
    'not-found',
    `${name} has no key ${plain(text)}; it has ${keys.map(({ names }) => plain(names[0]!)).join(', ')}`,
  )
}
