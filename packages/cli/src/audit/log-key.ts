/** Whose word a checkpoint of a log counts as: keys from the reader's trust store or command line, never the log's. */
import { AnswerableError } from '@answerable/core'
import { formatVkey, parseNote, parseVkey, type VerifierKey } from '@answerable/core/note'
import type { TrustedNetwork } from '@answerable/core/receipt'
import {
  type Checkpoint,
  evaluatePolicy,
  openCheckpoint,
  type PolicyResult,
  parseCheckpoint,
} from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { plain } from '../output/text.ts'
import { time } from '../output/time.ts'
import { asTyped } from '../program.ts'
import { TrustStore } from '../trust-store.ts'

export type Judged = Extract<PolicyResult, { outcome: 'ok' }>

export interface KnownLog {
  key: VerifierKey
  /** Where the key came from. */
  from: string
  /** Absent where the key alone was given. */
  network?: TrustedNetwork
}

/**
 * The log of a checkpoint, by its origin. Throws `unsigned` where the reader knows no key of it, and `bad-signature`
 * where they do and it did not sign.
 */
export function knowLog(note: Uint8Array, vkey: string | undefined, ownKey?: VerifierKey): KnownLog {
  const { origin } = parseCheckpoint(parseNote(note).text)
  if (vkey !== undefined) {
    const key = parseVkey(vkey, nodeSuite)
    if (key.name !== origin)
      throw new AnswerableError(
        'bad-vkey',
        `--vkey is of ${plain(key.name)}; this is the log ${plain(origin)}`,
      )
    return { key, from: '--vkey' }
  }
  const { networks } = new TrustStore().trust()
  const named = networks.filter(({ policy }) => policy.logs.some(({ key }) => key.name === origin))
  for (const network of named) {
    const judged = judgeBy(network, note)
    if (judged !== undefined) {
      const since = network.revoked?.[formatVkey(judged.log)]
      const revoked = since === undefined ? '' : `, where it is revoked since ${time(since * 1000)}`
      return { key: judged.log, from: `the network ${network.name}${revoked}`, network }
    }
  }
  if (named.length > 0)
    throw new AnswerableError(
      'bad-signature',
      `no key that you trust for ${plain(origin)} signed its checkpoint`,
    )
  if (ownKey?.name === origin) return { key: ownKey, from: 'this folder itself' }
  throw new AnswerableError(
    'unsigned',
    `no trusted network has the log ${plain(origin)}; add its network (${asTyped('trust add URL')}), or give its key with --vkey`,
  )
}

/** The checkpoint, signed by the known key. Throws `bad-signature`, `unsigned` and `bad-checkpoint`. */
export function openKnown(
  note: Uint8Array,
  { key, network }: KnownLog,
): { checkpoint: Checkpoint; judged?: Judged } {
  const { checkpoint } = openCheckpoint(note, [key], nodeSuite)
  const judged = network && judgeBy(network, note)
  return judged === undefined ? { checkpoint } : { checkpoint, judged }
}

/** Undefined where no key of the network's logs signed. Throws `bad-signature`. */
function judgeBy({ policy }: TrustedNetwork, note: Uint8Array): Judged | undefined {
  const judged = evaluatePolicy(policy, note, nodeSuite)
  if (judged.outcome === 'bad-signature') throw new AnswerableError('bad-signature', judged.message)
  return judged.outcome === 'ok' ? judged : undefined
}
