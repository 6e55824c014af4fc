/** DSSE (https://github.com/secure-systems-lab/dsse, protocol v1.0): a statement with its signers' signatures. */
import { concat, fromBase64, fromBase64Url, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { Shape } from '../shape.ts'

export interface EnvelopeSignature {
  /** A hint for finding the key; never trusted. */
  keyid: string
  sig: Uint8Array
}

export interface Envelope {
  payloadType: string
  payload: Uint8Array
  signatures: EnvelopeSignature[]
}

/** An envelope must fit in a log entry, whose length tlog-tiles gives two bytes. */
export const MAX_ENVELOPE_BYTES = 65_535
const MAX_SIGNATURES = 64
const shape = new Shape('bad-envelope')

/** What a signature covers: DSSE's pre-authentication encoding, `DSSEv1 SP len SP type SP len SP payload`. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const { length } = utf8(payloadType)
  return concat(utf8(`DSSEv1 ${length} ${payloadType} ${payload.length} `), payload)
}

export function formatEnvelope(envelope: Envelope): string {
  return JSON.stringify({
    payload: toBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })),
  })
}

/** Reads an envelope. Throws `bad-envelope` and what `parseJson` throws. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const root = shape.object(parseJson(bytes, { maxBytes: MAX_ENVELOPE_BYTES, maxDepth: 8 }), 'envelope')
  const signatures = shape.array(root.signatures, 'signatures', MAX_SIGNATURES)
  if (signatures.length === 0) shape.fail('signatures', 'at least one')
  return {
    payloadType: shape.string(root.payloadType, 'payloadType', 256),
    payload: base64(root.payload, 'payload'),
    signatures: signatures.map((item, i) => {
      const fields = shape.object(item, `signatures[${i}]`)
      return {
        keyid: shape.string(fields.keyid ?? '', `signatures[${i}].keyid`, 256),
        sig: base64(fields.sig, `signatures[${i}].sig`),
      }
    }),
  }
}

/** Signers may use either alphabet and verifiers must accept both, says DSSE. */
function base64(value: unknown, where: string): Uint8Array {
  const text = shape.string(value, where, MAX_ENVELOPE_BYTES)
  try {
    if (!/[-_]/.test(text)) return fromBase64(text)
    return fromBase64Url(text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text)
  } catch (cause) {
    throw new AnswerableError('bad-envelope', `${where}: expected base64`, { cause })
  }
}
