/** The bodies that an operator answers with, read by bounds: what they say is looked at elsewhere. */
import { AnswerableError, fromBase64, parseJson } from '@answerable/core'
import { MAX_SIGNED_BYTES } from '@answerable/core/audit'
import { MAX_STATEMENT_BYTES } from '@answerable/core/statement'
import { MAX_TLOG_PROOF_BYTES } from '@answerable/core/tlog'
import { z } from 'zod'

export interface ProvenText {
  statement: Uint8Array
  proof: string
}

export interface AnswerWire {
  answer: Uint8Array
  ciphertext: string
  access: ProvenText | null
}

/** Of a record whose content was erased: its own statement, the other one of a stream, and the erasure's. */
export interface ShownText {
  record: ProvenText
  other: ProvenText | null
  erasure: ProvenText
}

export interface RefusalWire {
  code: string
  message: string
  refusal?: Uint8Array
  shown?: ShownText
}

const Envelope = z
  .string()
  .max(MAX_SIGNED_BYTES)
  .transform(text => new Uint8Array(Buffer.from(text)))
const Proven = z.strictObject({
  statement: z.string().max(MAX_STATEMENT_BYTES * 2),
  proof: z.string().max(MAX_TLOG_PROOF_BYTES),
})
const Answer = z.strictObject({
  answer: Envelope,
  ciphertext: z.string().regex(/^[A-Za-z0-9_.-]*$/),
  access: Proven.nullable(),
})
const Refusal = z.object({
  error: z.object({ code: z.string().max(64), message: z.string().max(1024) }),
  refusal: Envelope.optional(),
  shown: z.strictObject({ record: Proven, other: Proven.nullable(), erasure: Proven }).optional(),
})

/** The largest refusal: three statements with their proofs, and words. */
const MAX_REFUSAL = 3 * (MAX_TLOG_PROOF_BYTES + 2 * MAX_STATEMENT_BYTES) + (64 << 10)

/** Throws `bad-format`, and what `parseJson` throws. */
export function parseAnswer(body: Uint8Array, most: number): AnswerWire {
  const parsed = Answer.safeParse(parseJson(body, { maxBytes: most, maxDepth: 4, maxKeys: 16 }))
  if (!parsed.success) throw new AnswerableError('bad-format', 'not a signed answer and a ciphertext')
  const { access, ...rest } = parsed.data
  return { ...rest, access: access && proven(access) }
}

/** Throws `bad-format`, `bad-encoding`, and what `parseJson` throws. */
export function parseRefusal(body: Uint8Array): RefusalWire {
  const parsed = Refusal.safeParse(parseJson(body, { maxBytes: MAX_REFUSAL, maxDepth: 6, maxKeys: 32 }))
  if (!parsed.success) throw new AnswerableError('bad-format', 'not an error as gateways write them')
  const { error, refusal, shown } = parsed.data
  return {
    code: /^[a-z][a-z-]*$/.test(error.code) ? error.code : 'unknown',
    message: error.message.replace(/[\p{Cc}\p{Cf}]/gu, ' '),
    ...(refusal && { refusal }),
    ...(shown && {
      shown: {
        record: proven(shown.record),
        other: shown.other && proven(shown.other),
        erasure: proven(shown.erasure),
      },
    }),
  }
}

function proven({ statement, proof }: z.infer<typeof Proven>): ProvenText {
  return { statement: fromBase64(statement), proof }
}
