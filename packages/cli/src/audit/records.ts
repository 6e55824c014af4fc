/**
 * The records behind an inference log, in its gateway's own folder: each statement hashes to its entry, each content
 * that is still held opens, and its parts are those that the statement committed to.
 */
import { AnswerableError, equal, toHex } from '@answerable/core'
import {
  ACCESS_TYPE,
  type DisclosureName,
  INFERENCE_TYPE,
  type InferenceStatement,
  parseAccess,
  parseDisclosure,
  parseInference,
  parseStatement,
} from '@answerable/core/statement'
import { TILE_WIDTH } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { type FileStorage, openContent, type Parts, type ScannedRecord } from '@answerable/node/storage'
import type { FolderSource } from './folder-source.ts'
import type { Fault } from './tree.ts'

export interface RecordsAudit {
  /** Statements that hash to their entries. */
  statements: number
  /** Contents that open. */
  opened: number
  /** Contents whose key is gone. */
  erased: number
  /** How often records were opened for another member, by that member. */
  accesses: Map<string, number>
  /** Records that are durable and not published yet. */
  unpublished: number
  faults: Fault[]
}

const MOST_FAULTS = 20

export async function auditRecords(
  source: FolderSource,
  { origin, size }: { origin: string; size: number },
  onProgress: (done: number) => void = () => undefined,
): Promise<RecordsAudit> {
  const audit: RecordsAudit = {
    statements: 0,
    opened: 0,
    erased: 0,
    accesses: new Map(),
    unpublished: 0,
    faults: [],
  }
  try {
    const storage = await source.storage()
    if (storage.size < size)
      throw new AnswerableError('corrupt', `${size} records were published, and ${storage.size} are here`)
    audit.unpublished = storage.size - size
    let entries: Uint8Array[] = []
    let lastTime = 0
    for await (const record of storage.scan(0)) {
      const { index } = record
      if (index < size && index % TILE_WIDTH === 0)
        entries = await source.entries(index / TILE_WIDTH, Math.min(TILE_WIDTH, size - index))
      const problem = await problemOf(
        record,
        entries[index % TILE_WIDTH],
        index < size,
        origin,
        storage,
        audit,
      )
      const time = inferenceOf(record.statement)?.time ?? lastTime
      if (problem !== undefined)
        audit.faults.push({ kind: 'bad-record', message: `record ${index}: ${problem}` })
      else if (time < lastTime)
        audit.faults.push({
          kind: 'bad-record',
          message: `record ${index}: its time is before that of the one before`,
        })
      lastTime = Math.max(lastTime, time)
      if (audit.faults.length >= MOST_FAULTS) break
      if (index % TILE_WIDTH === 0) onProgress(index)
    }
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    audit.faults.push({ kind: 'bad-record', message: error.message })
  }
  return audit
}

async function problemOf(
  { index, statement, content }: ScannedRecord,
  entry: Uint8Array | undefined,
  published: boolean,
  origin: string,
  storage: FileStorage,
  audit: RecordsAudit,
): Promise<string | undefined> {
  if (published) {
    if (entry === undefined || !equal(nodeSuite.sha256(statement), entry))
      return 'the statement does not hash to its entry'
    audit.statements++
  }
  const { predicateType } = parseStatement(statement)
  if (predicateType === ACCESS_TYPE) {
    const { by } = parseAccess(statement)
    audit.accesses.set(by, (audit.accesses.get(by) ?? 0) + 1)
    return undefined
  }
  if (predicateType !== INFERENCE_TYPE) return undefined
  const inference = parseInference(statement)
  if (inference.log !== origin) return `the statement names another log, ${inference.log}`
  const key = await storage.key(index)
  if (key === undefined) {
    if (content.length > 0) audit.erased++
    return undefined
  }
  const parts = openOrUndefined(key, content)
  if (parts === undefined) return 'its content does not open under its key'
  const wrong = wrongPart(parts, inference)
  if (wrong === undefined) audit.opened++
  return wrong
}

function inferenceOf(statement: Uint8Array): InferenceStatement | undefined {
  return parseStatement(statement).predicateType === INFERENCE_TYPE ? parseInference(statement) : undefined
}

function openOrUndefined(key: Uint8Array, content: Uint8Array): Parts | undefined {
  try {
    return openContent(key, content)
  } catch {
    return undefined
  }
}

/** The first part that is not what the statement committed to. */
function wrongPart(parts: Parts, { disclosures }: InferenceStatement): string | undefined {
  for (const [name, digest] of Object.entries(disclosures) as [DisclosureName, string][]) {
    const text = parts[`${name}Disclosure`]
    if (text === undefined || nodeSuite.sha256Hex(text) !== digest)
      return `its ${name} disclosure is not the one recorded`
    if (name !== 'request' && name !== 'response') continue
    const { value } = parseDisclosure(Buffer.from(text).toString())
    const bytes = parts[name]
    if (bytes === undefined || toHex(nodeSuite.sha256(bytes)) !== value.sha256)
      return `its ${name} is not the one recorded`
  }
  return undefined
}
