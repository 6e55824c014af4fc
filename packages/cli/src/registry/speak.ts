/** Stating something as a member: signed with its key, tried on the replayed state first, brought to the host. */
import { AnswerableError, type JsonObject } from '@answerable/core'
import {
  hostUrl,
  type Outcome,
  registryPayload,
  type StatementSigner,
  signEnvelope,
} from '@answerable/core/registry'
import { ruleWords } from '../output/rule-words.ts'
import { clientOf, keysOf, type MemberFolder } from './member-folder.ts'
import type { Replayed } from './replay.ts'

export interface Said {
  digest: string
  index: number
  /** What the replayed state made of it: it is in that state from here on. */
  outcome: Outcome
}

export async function speak(
  member: MemberFolder,
  replayed: Replayed,
  kind: string,
  body: JsonObject,
  signers?: readonly StatementSigner[],
): Promise<Said> {
  const { network } = member
  const by = member.membership.member
  const signing = signers ?? [(await keysOf(member)).statements('member')]
  const entry = signEnvelope(registryPayload({ kind, network, by, time: Date.now(), body }), signing)
  const judged = replayed.registry.check(entry)
  if (!judged.effective) throw new AnswerableError('rule-forbids', ruleWords(judged.rule!, judged.detail))
  const { digest, index } = await bring(member, replayed, entry)
  return { digest, index, outcome: replayed.registry.append(entry) }
}

/** Brings an entry to the host. Throws `unavailable` where it cannot be reached, with what to do then. */
export async function bring(
  member: MemberFolder,
  { state }: Replayed,
  entry: Uint8Array,
): Promise<{ digest: string; index: number }> {
  const url = targetOf(member, state.host?.member, hostUrl(state))
  try {
    return await clientOf(url).submit(entry)
  } catch (error) {
    if (error instanceof AnswerableError && error.code === 'rule-forbids') {
      const [rule = '', ...detail] = error.message.split(': ')
      throw new AnswerableError('rule-forbids', ruleWords(rule, detail.join(': ') || undefined))
    }
    if (error instanceof AnswerableError && error.code === 'unavailable')
      throw new AnswerableError(
        'unavailable',
        `the host, ${state.host!.member}, cannot be reached (${error.message}); try again, or hand it to a validator: answerable registry submit --hand-in`,
        { cause: error },
      )
    throw error
  }
}

function targetOf(
  { folder, membership, address }: MemberFolder,
  host: string | undefined,
  url: string | undefined,
): string {
  if (host === membership.member) {
    if (address !== undefined) return address.url
    throw new AnswerableError(
      'unavailable',
      `this member hosts the registry, and its process does not run; run: answerable start --data ${folder}`,
    )
  }
  if (url === undefined) throw new AnswerableError('unavailable', 'the registry names no host')
  return url
}
