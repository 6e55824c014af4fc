/**
 * A member asks an operator for one record: which one, on what ground, and the key to encrypt it to. Signed by the
 * member's own key, so that an operator can show for whom it opened a record, and why.
 */
import type { StatementSigner } from '../registry/statement.ts'
import type { JsonObject } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { parseRecipient, type RecipientKey } from './recipient.ts'
import { only, openSigned, type Said, type Signed, shape, sign } from './signed-statement.ts'

const KIND = 'disclosure-request'
export const REASONS_TO_OPEN = ['sample', 'dispute', 'challenge'] as const
export type ReasonToOpen = (typeof REASONS_TO_OPEN)[number]

/**
 * Why the record is to be opened: it is due in an epoch's sample, or it is what a dispute or an availability challenge is
 * about. Whether that holds, `entitlement.ts` says.
 */
export type Ground =
  | { reason: 'sample'; epoch: number }
  /** `digest` of the statement that brought it, in hex. */
  | { reason: 'dispute' | 'challenge'; digest: string }

export interface DisclosureRequest extends Said {
  ground: Ground
  recipient: RecipientKey
}

/** The envelope of a request. */
export function formatDisclosureRequest(request: DisclosureRequest, signer: StatementSigner): Uint8Array {
  return sign(KIND, request, signer)
}

/** Reads a request; nothing of it is believed yet. Throws as `openSigned` does. */
export function openDisclosureRequest(bytes: Uint8Array, suite: Suite): Signed<DisclosureRequest> {
  return openSigned<DisclosureRequest>(
    KIND,
    bytes,
    fields => {
      only(fields, ['ground', 'recipient'])
      return { ground: parseGround(fields.ground), recipient: parseRecipient(fields.recipient) }
    },
    suite,
  )
}

export function parseGround(value: unknown, where = 'ground'): Ground {
  const fields: JsonObject = shape.object(value, where)
  const reason = shape.literal(fields.reason, `${where}.reason`, REASONS_TO_OPEN)
  if (reason === 'sample') {
    only(fields, ['reason', 'epoch'], where)
    return { reason, epoch: shape.count(fields.epoch, `${where}.epoch`) }
  }
  only(fields, ['reason', 'digest'], where)
  return { reason, digest: shape.digest(fields.digest, `${where}.digest`) }
}
