/**
 * The registry's log of a local network: a log of signed envelopes, cosigned like any other. Its rules are still to
 * come; until then it holds what the network's owner states about it, so that receipts can name a point in it.
 */
import { toHex } from '@answerable/core'
import type { NoteSigner } from '@answerable/core/note'
import {
  formatEnvelope,
  parseEnvelope,
  parseStatement,
  preAuthEncoding,
  type RegistryPoint,
  STATEMENT_MEDIA_TYPE,
  STATEMENT_TYPE,
} from '@answerable/core/statement'
import { registryPoint } from '../gateway/node.ts'
import { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Documents } from '../record/documents.ts'
import type { Disk } from '../storage/disk.ts'
import { FileStorage } from '../storage/files.ts'
import type { Publisher } from '../witness/index.ts'

const SEGMENT_BYTES = 256 << 10

export async function openRegistry(disk: Disk, folder: string, signer: NoteSigner): Promise<Log> {
  const storage = await FileStorage.open(disk, folder, {
    entryOf: nodeSuite.sha256,
    firstSegmentBytes: SEGMENT_BYTES,
    lastSegmentBytes: 16 << 20,
  })
  return Log.open({ disk, folder, storage, signer, suite: nodeSuite, entries: 'statement' })
}

export interface RegistryFact {
  /** `charter`, `node`, ... */
  kind: string
  /** SHA-256 of the document, in hex. */
  digest: string
  document: unknown
}

/** States facts that the registry does not hold yet, each in an envelope signed by its owner. */
export async function state(
  log: Log,
  facts: readonly RegistryFact[],
  signer: NoteSigner,
  time: number,
): Promise<void> {
  const known = new Set<string>()
  const { size } = log.signed
  for (let i = 0; i < size; i++) {
    const [entry] = await log.entries(i, 1)
    for (const { sha256 } of parseStatement(parseEnvelope(entry!).payload).subject) known.add(sha256)
  }
  for (const { kind, digest, document } of facts) {
    if (known.has(digest)) continue
    const statement = Buffer.from(
      JSON.stringify({
        _type: STATEMENT_TYPE,
        subject: [{ name: kind, digest: { sha256: digest } }],
        predicateType: `https://answerable.dev/registry/${kind}/v1`,
        predicate: { time: new Date(time).toISOString(), document },
      }),
    )
    const envelope = Buffer.from(
      formatEnvelope({
        payloadType: STATEMENT_MEDIA_TYPE,
        payload: statement,
        signatures: [
          {
            keyid: toHex(signer.key.publicKey),
            sig: signer.sign(preAuthEncoding(STATEMENT_MEDIA_TYPE, statement)),
          },
        ],
      }),
    )
    await log.append({ statement: envelope, entry: nodeSuite.sha256(envelope), content: new Uint8Array(0) })
  }
}

/** The newest witnessed registry checkpoint, kept so that receipts can bring it along. */
export async function keepRegistryPoint(
  documents: Documents,
  origin: string,
  publisher: Publisher,
): Promise<RegistryPoint | undefined> {
  const { witnessed } = publisher
  if (witnessed === undefined) return undefined
  await documents.putCheckpoint(toHex(witnessed.root), witnessed.size, witnessed.note)
  return registryPoint(origin, witnessed)
}
