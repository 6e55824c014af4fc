/** Keys as the registry writes them: a vkey, or for models also `spki:` and base64 of a SubjectPublicKeyInfo. */
import { fromBase64, toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import {
  parseVkey,
  SIG_COSIGNATURE_ED25519,
  SIG_COSIGNATURE_MLDSA44,
  SIG_ED25519,
  type VerifierKey,
} from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import type { Purpose } from './records.ts'

/** Types of key that each purpose takes. */
const TYPES: Record<Purpose, readonly number[]> = {
  member: [SIG_ED25519],
  recovery: [SIG_ED25519],
  validator: [SIG_ED25519],
  witness: [SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44],
  log: [SIG_ED25519, SIG_COSIGNATURE_MLDSA44],
  host: [SIG_ED25519, SIG_COSIGNATURE_MLDSA44],
  model: [SIG_ED25519],
}
const MAX_SPKI = 1024

/** What people compare and policies are keyed by: no two names that look alike. */
const NAME = /^[!-~]{1,255}$/

export interface KeyText {
  /** Hex of an Ed25519 public key; of all others the SHA-256 of the key. */
  id: string
  vkey?: VerifierKey
}

/** The rules ask several times of the same few texts while an entry is judged. */
const KNOWN = new WeakMap<Suite, Map<string, KeyText>>()
const MOST_KNOWN = 256

/** Reads a key for a purpose. Throws `bad-vkey`. */
export function parseKeyText(text: string, purpose: Purpose, suite: Suite): KeyText {
  const known = KNOWN.get(suite) ?? new Map<string, KeyText>()
  const name = `${purpose} ${text}`
  const key = known.get(name) ?? read(text, purpose, suite)
  if (known.size >= MOST_KNOWN) known.clear()
  KNOWN.set(suite, known.set(name, key))
  return key
}

function read(text: string, purpose: Purpose, suite: Suite): KeyText {
  if (purpose === 'model' && text.startsWith('spki:')) {
    let der: Uint8Array
    try {
      der = fromBase64(text.slice(5))
    } catch (cause) {
      throw new AnswerableError('bad-vkey', 'spki: not canonical base64', { cause })
    }
    if (der.length < 32 || der.length > MAX_SPKI)
      throw new AnswerableError('bad-vkey', `spki: expected 32 to ${MAX_SPKI} bytes`)
    return { id: suite.sha256Hex(der) }
  }
  const vkey = parseVkey(text, suite)
  if (!NAME.test(vkey.name))
    throw new AnswerableError('bad-vkey', 'a registered key’s name is printable ASCII')
  if (!TYPES[purpose].includes(vkey.type))
    throw new AnswerableError('bad-vkey', `a ${purpose} key is not of signature type ${vkey.type}`)
  const { publicKey } = vkey
  return { id: publicKey.length === 32 ? toHex(publicKey) : suite.sha256Hex(publicKey), vkey }
}

/** The name in a vkey's text; none where the key is another's format. */
export function keyName(text: string): string | undefined {
  const end = text.indexOf('+')
  return text.startsWith('spki:') || end < 0 ? undefined : text.slice(0, end)
}
