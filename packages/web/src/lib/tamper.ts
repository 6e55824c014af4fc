/** A receipt taken apart into the bytes that can be flipped, and put together again with one of them changed. */
import { utf8 } from '@answerable/core'
import { formatNote, parseNote } from '@answerable/core/note'
import type { Receipt } from '@answerable/core/receipt'
import { DISCLOSURES } from '@answerable/core/statement'
import { formatTlogProof, parseTlogProof } from '@answerable/core/tlog'

export interface Part {
  id: string
  label: string
  bytes: Uint8Array
  /** A byte that is worth flipping first. */
  telling: number
  /** The receipt with these bytes in their place. */
  put(bytes: Uint8Array): Receipt
}

export function partsOf(receipt: Receipt): Part[] {
  const parts: Part[] = [
    {
      id: 'statement',
      label: 'Statement: the public part of the record',
      bytes: receipt.statement,
      telling: tellingIn(receipt.statement),
      put: statement => ({ ...receipt, statement }),
    },
    {
      id: 'proof',
      label: 'Proof: place in the log, path, checkpoint',
      bytes: utf8(receipt.proof),
      telling: receipt.proof.indexOf('index ') + 'index '.length,
      put: bytes => ({ ...receipt, proof: text(bytes) }),
    },
    ...signatureParts(receipt),
  ]
  for (const name of ['request', 'response'] as const) {
    const bytes = receipt.content[name]
    if (bytes === undefined) continue
    parts.push({
      id: name,
      label: name === 'request' ? 'Request: what was asked' : 'Response: what was answered',
      bytes,
      telling: name === 'response' ? fraction(bytes) : middle(bytes),
      put: changed => ({ ...receipt, content: { ...receipt.content, [name]: changed } }),
    })
  }
  for (const name of DISCLOSURES) {
    const disclosure = receipt.disclosures[name]
    if (disclosure === undefined) continue
    const bytes = utf8(disclosure)
    parts.push({
      id: `disclosure-${name}`,
      label: `Disclosure: ${ABOUT[name]}`,
      bytes,
      telling: middle(bytes),
      put: changed => ({ ...receipt, disclosures: { ...receipt.disclosures, [name]: text(changed) } }),
    })
  }
  return parts
}

const ABOUT = {
  request: 'the request’s length and hash',
  response: 'the response’s length and hash',
  model: 'the model',
  sampling: 'sampling and seed',
  parties: 'the parties',
}

/** The signatures on the checkpoint, as bytes. In the proof they stand in base64, where a flip is often no base64. */
function signatureParts(receipt: Receipt): Part[] {
  try {
    const proof = parseTlogProof(receipt.proof)
    const note = parseNote(proof.checkpoint)
    const origin = note.text.split('\n', 1)[0]
    return note.signatures.map((line, i) => ({
      id: `signature-${i}`,
      label: line.name === origin ? 'Signature of the log' : `Cosignature of ${line.name}`,
      bytes: line.signature,
      telling: middle(line.signature),
      put(signature) {
        const signatures = note.signatures.map((other, j) => (j === i ? { ...other, signature } : other))
        const checkpoint = formatNote({ ...note, signatures })
        return { ...receipt, proof: formatTlogProof({ ...proof, checkpoint }) }
      },
    }))
  } catch {
    return []
  }
}

/** The minute of the record's time: to change it is to say that all this was at another moment. */
function tellingIn(statement: Uint8Array): number {
  const at = text(statement).search(/:\d\d\.\d{3}Z"/)
  return at < 0 ? middle(statement) : at - 1
}

function middle(bytes: Uint8Array): number {
  return bytes.length >> 1
}

/** The first digit of a number's fraction, such as a probability's. */
function fraction(bytes: Uint8Array): number {
  const at = text(bytes).search(/0\.\d/)
  return at < 0 ? middle(bytes) : at + 2
}

/** A copy with the lowest bit of one byte changed: the smallest change there is. */
export function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at]! ^= 1
  return changed
}

/** Text with a byte changed may be no UTF-8 any more; the replacement character then stands for it. */
function text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
