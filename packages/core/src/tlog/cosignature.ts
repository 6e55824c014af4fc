/**
 * Cosignatures (C2SP tlog-cosignature): a witness's statement that, as of a time, it saw a log grow consistently up
 * to a checkpoint. Two forms: Ed25519 (`cosignature/v1`), which signs the checkpoint's whole text, and ML-DSA-44
 * (`subtree/v1`), which signs the witness's name, the origin, the size and the root but no extension lines.
 */
import { concat, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { asNote, checkSignatures, type Note, type NoteSignature } from '../note/note.ts'
import type { NoteSigner } from '../note/signer.ts'
import { SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44, type VerifierKey } from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import { parseCheckpoint } from './checkpoint.ts'

/** What a cosignature's bytes hold (the `timestamped_signature` structure). */
export interface TimestampedSignature {
  /** POSIX seconds, at most 2^53 - 1. 0: the witness states no time. */
  readonly timestamp: number
  /** 64 bytes of Ed25519 or 2,420 of ML-DSA-44. */
  readonly signature: Uint8Array
}

/** Whether the key's type is one of the two cosignature types. */
export function isCosignatureKey(key: VerifierKey): boolean {
  return key.type === SIG_COSIGNATURE_ED25519 || key.type === SIG_COSIGNATURE_MLDSA44
}

/**
 * The message that a cosignature signs. `checkpointText` is the note text alone. Throws `bad-vkey` for a key of
 * another type, `bad-checkpoint`, and `bad-format` for a time that is not an integer between 0 and 2^53 - 1.
 */
export function cosignatureMessage(key: VerifierKey, timestamp: number, checkpointText: string): Uint8Array {
  if (!isCosignatureKey(key)) throw new AnswerableError('bad-vkey', `${key.name} is not a cosignature key`)
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    throw new AnswerableError('bad-format', 'a cosignature time is not an integer between 0 and 2^53 - 1')
  const { origin, size, root } = parseCheckpoint(checkpointText)
  if (key.type === SIG_COSIGNATURE_ED25519)
    return utf8(`cosignature/v1\ntime ${timestamp}\n${checkpointText}`)
  return concat(
    utf8('subtree/v1\n\0'),
    vector8(key.name),
    uint64(timestamp),
    vector8(origin),
    uint64(0),
    uint64(size),
    root,
  )
}

/**
 * A witness's signature on a checkpoint, at `timestamp` in POSIX seconds. Whether it may sign is for the caller to
 * have made sure of. Throws as {@link cosignatureMessage} does.
 */
export function cosign(checkpointText: string, signer: NoteSigner, timestamp: number): NoteSignature {
  const { name, keyId } = signer.key
  const signature = signer.sign(cosignatureMessage(signer.key, timestamp, checkpointText))
  return { name, keyId, signature: concat(uint64(timestamp), signature) }
}

/** Splits a cosignature's bytes by the key's type; undefined for a wrong length or a time over 2^53 - 1. */
export function parseTimestampedSignature(type: number, bytes: Uint8Array): TimestampedSignature | undefined {
  const length = type === SIG_COSIGNATURE_ED25519 ? 64 : type === SIG_COSIGNATURE_MLDSA44 ? 2420 : Number.NaN
  if (bytes.length !== 8 + length) return undefined
  // The format allows times up to 2^63 - 1; no honest clock shows one over 2^53.
  const timestamp = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
  if (timestamp > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { timestamp: Number(timestamp), signature: bytes.subarray(8) }
}

/** Checks one cosignature by its key over a checkpoint's text: the time it states, or undefined where it is bad. */
export function checkCosignature(
  key: VerifierKey,
  bytes: Uint8Array,
  checkpointText: string,
  suite: Suite,
): number | undefined {
  const stamped = parseTimestampedSignature(key.type, bytes)
  if (stamped === undefined) return undefined
  const message = cosignatureMessage(key, stamped.timestamp, checkpointText)
  const verify = key.type === SIG_COSIGNATURE_ED25519 ? suite.verifyEd25519 : suite.verifyMlDsa44
  return verify.call(suite, key.publicKey, message, stamped.signature) ? stamped.timestamp : undefined
}

/**
 * The time that a known witness states for a checkpoint. Throws `unsigned` where it did not sign, `bad-signature`
 * where it seems to have and the signature is wrong, `bad-vkey` for a key of another type, `bad-checkpoint` and what
 * `parseNote` throws.
 */
export function verifyCosignature(
  input: Note | Uint8Array | string,
  key: VerifierKey,
  suite: Suite,
): { timestamp: number } {
  if (!isCosignatureKey(key)) throw new AnswerableError('bad-vkey', `${key.name} is not a cosignature key`)
  const note = asNote(input)
  parseCheckpoint(note.text)
  const [signer] = checkSignatures(note, [key], (known, bytes) =>
    checkCosignature(known, bytes, note.text, suite),
  )
  if (signer === undefined) throw new AnswerableError('unsigned', `${key.name} has not cosigned`)
  return { timestamp: signer.result }
}

function uint64(value: number): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(value))
  return out
}

/** `opaque<1..2^8-1>` of the TLS presentation language. */
function vector8(text: string): Uint8Array {
  const bytes = utf8(text)
  if (bytes.length > 255)
    throw new AnswerableError('bad-checkpoint', 'an origin over 255 bytes has no ML-DSA-44 cosignature')
  return concat(Uint8Array.of(bytes.length), bytes)
}
