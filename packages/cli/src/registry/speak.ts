/** Stating something as a member: signed with its key, and brought to the host. */
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError, type JsonObject } from '@answerable/core'
import { hostUrl, registryPayload, type StatementSigner, signEnvelope } from '@answerable/core/registry'
import type { RegistryClient } from '@answerable/node/registry'
import { ruleWords } from '../output/rule-words.ts'
import { clientOf, keysOf, type MemberFolder } from './member-folder.ts'
import { extend, type Replayed } from './replay.ts'

export interface Said {
  digest: string
  index: number
}

/** How long the host's next checkpoint is waited for, which comes about once a second. */
const TRIES = 12
const PAUSE_MS = 500

/**
 * Resolves when the replayed state has it, as far as the host publishes in time. The host judges: what is replayed here
 * may be a moment behind it.
 */
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
  const host = clientOf(targetOf(member, replayed.state.host?.member, hostUrl(replayed.state)))
  const { digest, index } = await bring(replayed, entry, host)
  for (let tries = 0; tries < TRIES && replayed.registry.size <= index; tries++) {
    await wait(PAUSE_MS)
    if ((await extend(replayed, host).catch(() => undefined)) === undefined) break
  }
  return { digest, index }
}

/** Brings an entry to the host. Throws `unavailable` where it cannot be reached, with what to do then. */
async function bring({ state }: Replayed, entry: Uint8Array, host: RegistryClient): Promise<Said> {
  try {
    return await host.submit(entry)
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
