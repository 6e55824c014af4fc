/**
 * Signed notes (C2SP signed-note): a text that ends in a newline, a blank line, and one or more signature lines
 *
 *     — <key name> <base64 of key ID || signature>
 *
 * The text means nothing before {@link openNote}, or the cosignature checks of `tlog/`, name who signed it.
 */
import { concat, fromBase64, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { boundedText, hasControl } from './text.ts'
import { hexId, isKeyName, SIG_ED25519, sameKey, type VerifierKey } from './vkey.ts'

/** The largest note, in bytes: 100 signatures of 5 kB in base64 fit with room to spare. */
export const MAX_NOTE_BYTES = 1024 * 1024
/** The most signature lines of a note; the specification asks for at least 16. */
export const MAX_NOTE_SIGNATURES = 100

export interface NoteSignature {
  readonly name: string
  /** Unsigned 32 bits. */
  readonly keyId: number
  /** What follows the key ID: at least one byte, its form given by the key's type. */
  readonly signature: Uint8Array
}

export interface Note {
  /** The signed text, with its final newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** A key that the reader knows, and the line that it signed. */
export interface NoteSigned {
  readonly key: VerifierKey
  readonly signature: NoteSignature
}

/**
 * Parses a note without checking any signature. Throws `too-large` (over {@link MAX_NOTE_BYTES}), `not-utf8` and
 * `bad-note`.
 */
export function parseNote(input: Uint8Array | string): Note {
  const note = boundedText(input, MAX_NOTE_BYTES, 'note')
  if (hasControl(note)) throw bad('a control character')
  // Signature lines are never empty, so the last blank line ends the text even where the text has its own.
  const split = note.lastIndexOf('\n\n')
  if (split < 0) throw bad('no blank line before the signatures')
  return { text: note.slice(0, split + 1), signatures: parseSignatureLines(note.slice(split + 2)) }
}

/** The note's exact text, the inverse of {@link parseNote}. Throws `bad-note` for what could not be parsed again. */
export function formatNote(note: Note): string {
  checkNoteText(note.text)
  if (note.signatures.length === 0) throw bad('no signature')
  if (note.signatures.length > MAX_NOTE_SIGNATURES) throw bad(`over ${MAX_NOTE_SIGNATURES} signatures`)
  const out = `${note.text}\n${note.signatures.map(signatureLine).join('')}`
  return boundedText(out, MAX_NOTE_BYTES, 'note')
}

/** Throws `bad-note` unless the text ends in a newline and has no control character besides newlines. */
export function checkNoteText(text: string): void {
  if (!text.endsWith('\n')) throw bad('the text does not end in a newline')
  if (hasControl(text) || !text.isWellFormed()) throw bad('a control character or lone surrogate in the text')
}

/** One signature line, with its newline. Throws `bad-note` for a name or signature that no line can hold. */
export function signatureLine(signature: NoteSignature): string {
  if (!isKeyName(signature.name))
    throw bad('a key name that is empty or has a space, plus or control character')
  if (signature.signature.length === 0) throw bad('an empty signature')
  const id = new Uint8Array(4)
  new DataView(id.buffer).setUint32(0, signature.keyId)
  return `— ${signature.name} ${toBase64(concat(id, signature.signature))}\n`
}

/** Parses one signature line, given without its newline. Throws `bad-note`. */
export function parseSignatureLine(line: string): NoteSignature {
  const space = line.lastIndexOf(' ')
  if (!line.startsWith('— ') || space < 2) throw bad('a signature line is not: em dash, name, base64')
  const name = line.slice(2, space)
  if (!isKeyName(name)) throw bad('a key name that is empty or has a space, plus or control character')
  let bytes: Uint8Array
  try {
    bytes = fromBase64(line.slice(space + 1))
  } catch (cause) {
    throw new AnswerableError('bad-note', 'note: a signature is not canonical base64', { cause })
  }
  if (bytes.length < 5) throw bad('a signature is shorter than a key ID and one byte')
  return {
    name,
    keyId: new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0),
    signature: bytes.subarray(4),
  }
}

/** Parses signature lines, one to {@link MAX_NOTE_SIGNATURES}, each with its newline. Throws `bad-note`. */
export function parseSignatureLines(block: string): NoteSignature[] {
  if (!block.endsWith('\n')) throw bad('the last signature line has no newline, or there is none')
  const lines = block.slice(0, -1).split('\n', MAX_NOTE_SIGNATURES + 1)
  if (lines.length > MAX_NOTE_SIGNATURES) throw bad(`over ${MAX_NOTE_SIGNATURES} signatures`)
  return lines.map(parseSignatureLine)
}

/**
 * The note with signatures added after its own; one of the same name and key ID is replaced. So a log collects
 * cosignatures.
 */
export function withSignatures(note: Note, added: readonly NoteSignature[]): Note {
  const kept = note.signatures.filter(
    old => !added.some(sig => sig.name === old.name && sig.keyId === old.keyId),
  )
  return { text: note.text, signatures: [...kept, ...added] }
}

/**
 * The signatures of known keys, in the note's order, each with what `check` made of it. Names are matched whole and
 * together with the key ID. Signatures of other keys are ignored; a key's second signature is not looked at.
 * Throws `bad-signature` where `check` returns undefined, for one bad signature of a known key condemns the note,
 * and `bad-vkey` where two different keys share a name and key ID.
 */
export function checkSignatures<T>(
  note: Note,
  keys: readonly VerifierKey[],
  check: (key: VerifierKey, signature: Uint8Array) => T | undefined,
): (NoteSigned & { readonly result: T })[] {
  const signers: (NoteSigned & { readonly result: T })[] = []
  for (const signature of note.signatures) {
    const key = knownKey(keys, signature)
    if (key === undefined || signers.some(signer => sameKey(signer.key, key))) continue
    const result = check(key, signature.signature)
    if (result === undefined)
      throw new AnswerableError('bad-signature', `the signature of ${key.name}+${hexId(key.keyId)} is wrong`)
    signers.push({ key, signature, result })
  }
  return signers
}

function knownKey(keys: readonly VerifierKey[], { name, keyId }: NoteSignature): VerifierKey | undefined {
  let found: VerifierKey | undefined
  for (const key of keys) {
    if (key.keyId !== keyId || key.name !== name) continue
    if (found !== undefined && !sameKey(found, key))
      throw new AnswerableError('bad-vkey', `two keys are named ${name}+${hexId(keyId)}`)
    found = key
  }
  return found
}

/**
 * Opens a note with keys of type `SIG_ED25519` and returns its text with the known keys that signed it, at least
 * one. Throws as {@link parseNote} and {@link checkSignatures} do, `unsigned` where no known key signed, and
 * `bad-vkey` for a key of another type (the cosignature types are checked in `tlog/`).
 */
export function openNote(
  input: Note | Uint8Array | string,
  keys: readonly VerifierKey[],
  suite: Suite,
): { text: string; signers: NoteSigned[] } {
  for (const key of keys)
    if (key.type !== SIG_ED25519)
      throw new AnswerableError('bad-vkey', `${key.name} is not a plain Ed25519 key`)
  const note = asNote(input)
  const message = utf8(note.text)
  const signers = checkSignatures(
    note,
    keys,
    (key, signature) => suite.verifyEd25519(key.publicKey, message, signature) || undefined,
  )
  if (signers.length === 0) throw new AnswerableError('unsigned', 'no known key signed the note')
  return { text: note.text, signers: signers.map(({ key, signature }) => ({ key, signature })) }
}

/** A note as it is, or parsed. */
export function asNote(input: Note | Uint8Array | string): Note {
  return typeof input === 'string' || input instanceof Uint8Array ? parseNote(input) : input
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-note', `note: ${message}`)
}
