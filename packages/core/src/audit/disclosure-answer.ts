/**
 * What an operator says to a request, signed by its member key: that it served the record, as this ciphertext to that
 * key; or that it does not, and why. By this "you never sent it" and "you sent something else" can be told apart, and
 * two that contradict one another are proof against whoever signed both.
 */
import { fromBase64Url } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { StatementSigner } from '../registry/statement.ts'
import type { Suite } from '../suite.ts'
import { only, openSigned, type Said, type Signed, shape, sign } from './signed-statement.ts'

const ANSWER = 'disclosure-answer'
const REFUSAL = 'disclosure-refusal'

export interface DisclosureAnswer extends Said {
  /** SHA-256 of the request's payload, in hex. */
  request: string
  /** SHA-256 of the record's statement: what the log holds at this index. */
  statement: string
  /** Thumbprint (RFC 7638) of the key that it is encrypted to. */
  recipient: string
  /** Of the JWE in its compact form. */
  ciphertext: { sha256: string; length: number }
}

/**
 * `not-entitled`: the ground does not hold, by the registry as the operator has it. `not-found`: the log has no such
 * entry. `erased`: the content is gone, and the log says so. `corrupt`: the operator can no longer open it itself.
 */
export const REFUSALS = ['not-entitled', 'not-found', 'erased', 'corrupt'] as const
export type RefusalCode = (typeof REFUSALS)[number]

export interface DisclosureRefusal extends Said {
  request: string
  code: RefusalCode
  /** One word more: of `not-entitled`, what does not hold (entitlement.ts). */
  why: string | null
  /** How much of the registry the operator had: by this anyone can look whether it was right. */
  registry: number
}

export function formatDisclosureAnswer(answer: DisclosureAnswer, signer: StatementSigner): Uint8Array {
  return sign(ANSWER, answer, signer)
}

export function formatDisclosureRefusal(refusal: DisclosureRefusal, signer: StatementSigner): Uint8Array {
  return sign(REFUSAL, refusal, signer)
}

/** Throws as `openSigned` does. */
export function openDisclosureAnswer(bytes: Uint8Array, suite: Suite): Signed<DisclosureAnswer> {
  return openSigned<DisclosureAnswer>(
    ANSWER,
    bytes,
    fields => {
      only(fields, ['request', 'statement', 'recipient', 'ciphertext'])
      const ciphertext = shape.object(fields.ciphertext, 'ciphertext')
      only(ciphertext, ['sha256', 'length'], 'ciphertext')
      return {
        request: shape.digest(fields.request, 'request'),
        statement: shape.digest(fields.statement, 'statement'),
        recipient: thumbprint(fields.recipient, 'recipient'),
        ciphertext: {
          sha256: shape.digest(ciphertext.sha256, 'ciphertext.sha256'),
          length: shape.count(ciphertext.length, 'ciphertext.length'),
        },
      }
    },
    suite,
  )
}

/** Throws as `openSigned` does. */
export function openDisclosureRefusal(bytes: Uint8Array, suite: Suite): Signed<DisclosureRefusal> {
  return openSigned<DisclosureRefusal>(
    REFUSAL,
    bytes,
    fields => {
      only(fields, ['request', 'code', 'why', 'registry'])
      return {
        request: shape.digest(fields.request, 'request'),
        code: shape.literal(fields.code, 'code', REFUSALS),
        why: fields.why === null ? null : shape.string(fields.why, 'why', 64, WORD, 'a word'),
        registry: shape.count(fields.registry, 'registry'),
      }
    },
    suite,
  )
}

const WORD = /^[a-z]+(?:-[a-z]+)*$/

function thumbprint(value: unknown, where: string): string {
  const text = shape.string(value, where, 43)
  try {
    fromBase64Url(text, 32)
  } catch (cause) {
    throw new AnswerableError('bad-statement', `${where}: expected a thumbprint`, { cause })
  }
  return text
}

export type Contradiction = 'two-statements' | 'served-and-not-there' | 'erased-and-served'

/**
 * How two things that one operator signed about one record cannot both be true, if they cannot. Given to two auditors
 * they show what no single answer shows. Whose signatures they are, the caller has checked.
 */
export function contradictionOf(
  one: DisclosureAnswer | DisclosureRefusal,
  other: DisclosureAnswer | DisclosureRefusal,
): Contradiction | undefined {
  const same =
    one.network === other.network && one.by === other.by && one.log === other.log && one.index === other.index
  if (!same) return undefined
  if (isServed(one) && isServed(other))
    return one.statement === other.statement ? undefined : 'two-statements'
  const [served, refused] = isServed(one) ? [one, other] : [other, one]
  if (!isServed(served) || isServed(refused)) return undefined
  // A log only grows, and what was erased stays so.
  if (refused.code === 'not-found' && served.time <= refused.time) return 'served-and-not-there'
  if (refused.code === 'erased' && refused.time < served.time) return 'erased-and-served'
  return undefined
}

function isServed(said: DisclosureAnswer | DisclosureRefusal): said is DisclosureAnswer {
  return 'statement' in said
}
