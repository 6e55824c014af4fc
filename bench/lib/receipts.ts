/** Receipts in bulk, under one checkpoint of a large log, without any HTTP. */
import { generateKeyPairSync } from 'node:crypto'
import { type NoteSigner, SIG_COSIGNATURE_ED25519, signNote } from '@answerable/core/note'
import type { Receipt } from '@answerable/core/receipt'
import {
  type DisclosureName,
  disclosureText,
  formatInference,
  inferenceContext,
} from '@answerable/core/statement'
import {
  cosign,
  formatCheckpoint,
  formatTlogProof,
  inclusionProof,
  leafHash,
  type Policy,
} from '@answerable/core/tlog'
import { nodeSuite, noteSigner } from '@answerable/node/log'

const SECONDS = 1_790_000_000
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function newSigner(name: string, type?: number): NoteSigner {
  return noteSigner(name, generateKeyPairSync('ed25519').privateKey, type)
}

/** All hashes of a tree of `size` leaves, level by level. */
function treeLevels(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves]
  for (let level = leaves; level.length > 1; ) {
    const next: Uint8Array[] = []
    for (let i = 0; i + 1 < level.length; i += 2) {
      next.push(nodeSuite.sha256(Buffer.concat([Buffer.of(1), level[i]!, level[i + 1]!])))
    }
    levels.push(next)
    level = next
  }
  return levels
}

export interface ReceiptSet {
  receipts: Receipt[]
  policy: Policy
  /** A checkpoint's message and signatures, for the rate of the bare signature checks. */
  signatures: { key: Uint8Array; message: Uint8Array; signature: Uint8Array }[]
}

/** `count` receipts with three cosignatures, spread over a log of `size` entries (a power of two). */
export function makeReceipts(size: number, count: number): ReceiptSet {
  const log = newSigner('bench.example/inference')
  const witnesses = [1, 2, 3].map(n => newSigner(`bench.example/witness-${n}`, SIG_COSIGNATURE_ED25519))
  const digest = 'a'.repeat(64)
  const context = inferenceContext({ log: log.key.name, node: digest, charter: digest, terms: digest })
  const step = Math.floor(size / count)
  const made: { statement: Uint8Array; disclosures: Receipt['disclosures'] }[] = []
  const filler = nodeSuite.sha256(Buffer.from('another entry'))
  const leaves: Uint8Array[] = []
  for (let i = 0; i < size; i++) {
    if (i % step !== 0 || made.length === count) {
      leaves.push(filler)
      continue
    }
    const disclosures: Receipt['disclosures'] = {}
    const digests: Partial<Record<DisclosureName, string>> = {}
    for (const name of ['request', 'response', 'model', 'sampling', 'parties'] as const) {
      const text = disclosureText(
        Buffer.alloc(32, i).toString('base64url'),
        name,
        `{"sha256":"${digest}","length":1234,"note":"${i}"}`,
      )
      disclosures[name] = text
      digests[name] = nodeSuite.sha256Hex(Buffer.from(text))
    }
    const id = `01a1fe21-b47b-7${hex(Buffer.of(i & 255)).padStart(3, '0')}-86bb-${String(i).padStart(12, '0')}`
    const text = formatInference(
      { id, event: 'answer', time: SECONDS * 1000, holder: digest, disclosures: digests },
      context,
    )
    const statement = new Uint8Array(Buffer.from(text))
    made.push({ statement, disclosures })
    leaves.push(leafHash(nodeSuite.sha256(statement), nodeSuite))
  }
  const levels = treeLevels(leaves)
  const root = levels.at(-1)![0]!
  const body = formatCheckpoint({ origin: log.key.name, size, root, extensions: [] })
  const signed = signNote(body, [log])
  const lines = witnesses.map(witness => cosign(body, witness, SECONDS + 1))
  const note = lines.reduce((text, { name, keyId, signature }) => {
    const id = Buffer.alloc(4)
    id.writeUInt32BE(keyId)
    return `${text}— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`
  }, signed)
  const receipts = made.map(({ statement, disclosures }, i): Receipt => {
    const index = i * step
    const hashes = inclusionProof(index, size, (level, at) => levels[level]![at]!, nodeSuite)
    return {
      statement,
      proof: formatTlogProof({ index, hashes, checkpoint: note }),
      disclosures,
      content: {},
      documents: {},
    }
  })
  const policy: Policy = {
    logs: [{ key: log.key }],
    witnesses: witnesses.map(({ key }, i) => ({ name: `w${i}`, key })),
    groups: [
      { name: 'owner', threshold: 2, members: ['w0', 'w1', 'w2'] },
      { name: 'owners', threshold: 1, members: ['owner'] },
    ],
    quorum: 'owners',
  }
  const message = Buffer.from(body)
  const signatures = [log, ...witnesses].map(signer => ({
    key: signer.key.publicKey,
    message,
    signature: signer.sign(message),
  }))
  return { receipts, policy, signatures }
}
