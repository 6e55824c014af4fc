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
  /** The receipt with these bytes in their place. */
  put(bytes: Uint8Array): Receipt
}

export function partsOf(receipt: Receipt): Part[] {
  const parts: Part[] = [
    {
      id: 'statement',
      label: 'Statement: the public part of the record',
      bytes: receipt.statement,
      put: statement => ({ ...receipt, statement }),
    },
    {
      id: 'proof',
      label: 'Proof: place in the log, path, checkpoint',
      bytes: utf8(receipt.proof),
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
      put: changed => ({ ...receipt, content: { ...receipt.content, [name]: changed } }),
    })
  }
  for (const name of DISCLOSURES) {
    const disclosure = receipt.disclosures[name]
    if (disclosure === undefined) continue
    parts.push({
      id: `disclosure-${name}`,
      label: `Disclosure: ${ABOUT[name]}`,
      bytes: utf8(disclosure),
      put: bytes => ({ ...receipt, disclosures: { ...receipt.disclosures, [name]: text(bytes) } }),
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
