/**
 * Whether a log of signatures (Rekor v1) has an entry: by its promise, a signature over the entry and its time, and by a
 * proof of inclusion in a tree whose checkpoint it signed. Each that is there must be good.
 */
import { equal, toBase64, toHex, utf8 } from '../../bytes.ts'
import { messageOf } from '../../error.ts'
import { parseNote } from '../../note/note.ts'
import type { Suite } from '../../suite.ts'
import { parseCheckpoint } from '../../tlog/checkpoint.ts'
import { leafHash, verifyInclusion } from '../../tlog/merkle.ts'
import type { PublicKey } from '../../x509/index.ts'
import type { BundleEntry, EntryProof } from './bundle.ts'
import { isWithin, type TransparencyLog } from './trusted-root.ts'

export type LogFault =
  | 'unknown-log'
  | 'bad-promise'
  | 'bad-inclusion-proof'
  | 'bad-checkpoint'
  | 'no-log-entry'

export interface LogShown {
  url: string
  /** What the log promised under its key: when it took the entry, Unix milliseconds. A proof has no time. */
  time?: number
}

/** The last that a date can be of. */
const LAST_TIME = 8.64e15

/** Never throws. */
export function checkLogEntry(
  entry: BundleEntry,
  logs: readonly TransparencyLog[],
  suite: Suite,
): LogShown | { fault: LogFault; detail: string } {
  const id = toHex(entry.logId)
  const time = entry.time * 1000
  const log = logs.find(one => one.id === id && (entry.time === 0 || isWithin(one.span, time)))
  if (log === undefined || time > LAST_TIME)
    return { fault: 'unknown-log', detail: `your trusted root has no log ${id} at that time` }
  const { promise, proof } = entry
  if (promise === undefined && proof === undefined)
    return { fault: 'no-log-entry', detail: 'it has neither a promise nor a proof' }
  if (promise !== undefined && !isSignedBy(log.key, promised(entry), promise, suite))
    return { fault: 'bad-promise', detail: `${log.url} did not promise this entry at this time` }
  const fault = proof === undefined ? undefined : proofFault(entry.body, proof, log, suite)
  if (fault !== undefined) return fault
  return { url: log.url, ...(promise !== undefined && entry.time !== 0 && { time }) }
}

/** What a promise is over: JSON in its canonical form (RFC 8785), which for these four fields is this. */
function promised({ body, time, logId, index }: BundleEntry): Uint8Array {
  return utf8(
    JSON.stringify({ body: toBase64(body), integratedTime: time, logID: toHex(logId), logIndex: index }),
  )
}

function proofFault(
  body: Uint8Array,
  proof: EntryProof,
  log: TransparencyLog,
  suite: Suite,
): { fault: LogFault; detail: string } | undefined {
  try {
    const note = parseNote(proof.checkpoint)
    const name = nameOf(log)
    const message = utf8(note.text)
    const own = note.signatures.filter(one => one.name === name && hexId(one.keyId) === log.id.slice(0, 8))
    if (own.length === 0 || !own.every(one => isSignedBy(log.key, message, one.signature, suite)))
      return { fault: 'bad-checkpoint', detail: `${log.url} did not sign the checkpoint` }
    const { origin, size, root } = parseCheckpoint(note.text)
    // Rekor adds the number of the tree to its name.
    if (origin !== name && !origin.startsWith(`${name} - `))
      return { fault: 'bad-checkpoint', detail: 'the checkpoint is of another log' }
    if (size !== proof.size || !equal(root, proof.root))
      return { fault: 'bad-checkpoint', detail: 'the checkpoint is of another tree than the proof' }
    const hashes = proof.hashes
    verifyInclusion({ index: proof.index, size, leafHash: leafHash(body, suite), proof: hashes, root }, suite)
    return undefined
  } catch (error) {
    return { fault: 'bad-inclusion-proof', detail: messageOf(error) }
  }
}

/** A log signs under its URL without what every URL has. */
function nameOf({ url }: TransparencyLog): string {
  return url.replace(/^https?:\/\//, '').replace(/\/+$/, '')
}

function hexId(keyId: number): string {
  return keyId.toString(16).padStart(8, '0')
}

/** With the hash that goes with the key. */
export function isSignedBy(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  suite: Suite,
): boolean {
  if (key.kind === 'ecdsa') return suite.verifyEcdsa(key.curve, key.point, message, signature)
  if (key.kind === 'ed25519') return suite.verifyEd25519(key.key, message, signature)
  if (key.kind === 'rsa')
    return suite.verifyRsa({ padding: 'pkcs1', hash: 'SHA-256' }, key.key, message, signature)
  return false
}
