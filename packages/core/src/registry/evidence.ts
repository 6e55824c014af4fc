/**
 * Records of a registry that come along with a receipt: each proven against a state digest, which validators signed
 * that the reader knows. So a reader whose own copy is older than the record still sees who it was, without a network.
 */
import { equal, fromBase64, fromHex, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { preAuthEncoding } from '../statement/envelope.ts'
import { STATEMENT_MEDIA_TYPE } from '../statement/intoto.ts'
import type { Suite } from '../suite.ts'
import { leafHash, rootFromInclusion } from '../tlog/merkle.ts'
import { recordText } from './collection.ts'
import { parseKeyText } from './key-text.ts'
import type { Registry } from './registry.ts'
import { COLLECTIONS, type CollectionName, digestText, type Outline, type State } from './state.ts'
import { openEntry, parseRegistryPayload } from './statement.ts'

export interface ProvenRecord {
  collection: CollectionName
  id: string
  /** As the rules made it. */
  value: JsonObject
  index: number
  hashes: Uint8Array[]
}

export interface RegistryEvidence {
  outline: Outline
  /** Entries by which validators signed the outline's digest. */
  digests: string[]
  records: ProvenRecord[]
}

const shape = new Shape('bad-receipt')
const MAX_DIGESTS = 64
/** Records that come along with one receipt. */
export const MAX_RECORDS = 64
const MAX_HASHES = 63

/** Records of a registry as it stands, with the entries that signed its digest. Unknown ids are left out. */
export function proveRecords(
  registry: Registry,
  wanted: readonly (readonly [CollectionName, string])[],
  digests: readonly string[],
  suite: Suite,
): RegistryEvidence {
  const records: ProvenRecord[] = []
  for (const [collection, id] of wanted) {
    const value = registry.state[collection].get(id)
    const proof = registry.state[collection].prove(id, suite)
    if (value !== undefined && proof !== undefined)
      records.push({ collection, id, value: value as unknown as JsonObject, ...proof })
  }
  return { outline: registry.state.outline(registry.size, suite), digests: [...digests], records }
}

export function formatEvidence({ outline, digests, records }: RegistryEvidence): JsonObject {
  return {
    outline: outline as unknown as JsonObject,
    digests,
    records: records.map(({ hashes, ...record }) => ({ ...record, hashes: hashes.map(toBase64) })),
  }
}

/** Reads what `formatEvidence` made. Throws `bad-receipt`, and `bad-encoding`. Nothing of it is believed yet. */
export function parseEvidence(value: unknown): RegistryEvidence {
  const fields = shape.object(value, 'registry')
  const outline = shape.object(fields.outline, 'registry.outline')
  shape.digest(outline.network, 'registry.outline.network')
  for (const name of ['size', 'rules', 'time', 'clock', 'epoch'])
    shape.count(outline[name], `registry.outline.${name}`)
  shape.object(outline.terms, 'registry.outline.terms')
  const collections = shape.array(outline.collections, 'registry.outline.collections', COLLECTIONS.length)
  for (const [i, item] of collections.entries()) {
    const where = `registry.outline.collections[${i}]`
    const [name, count, root] = shape.array(item, where, 3)
    shape.literal(name, `${where}[0]`, COLLECTIONS)
    shape.count(count, `${where}[1]`)
    shape.digest(root, `${where}[2]`)
  }
  return {
    outline: outline as unknown as Outline,
    digests: shape
      .array(fields.digests, 'registry.digests', MAX_DIGESTS)
      .map((entry, i) => shape.string(entry, `registry.digests[${i}]`, 65_535)),
    records: shape.array(fields.records, 'registry.records', MAX_RECORDS).map((item, i) => {
      const where = `registry.records[${i}]`
      const record = shape.object(item, where)
      return {
        collection: shape.literal(record.collection, `${where}.collection`, COLLECTIONS),
        id: shape.string(record.id, `${where}.id`, 512),
        value: shape.object(record.value, `${where}.value`),
        index: shape.count(record.index, `${where}.index`),
        hashes: shape
          .array(record.hashes, `${where}.hashes`, MAX_HASHES)
          .map((hash, j) => fromBase64(shape.string(hash, `${where}.hashes[${j}]`, 44), 32)),
      }
    }),
  }
}

/**
 * Checks evidence against the reader's own copy of the registry, which may be older: its validators' keys count, and
 * its quorum. Returns the records that are proven, by `collection/id`, or undefined where too few of those who signed
 * are known to the reader. Throws `bad-proof` for what cannot be right, whoever signed it.
 */
export function checkEvidence(
  { outline, digests, records }: RegistryEvidence,
  known: State,
  suite: Suite,
): Map<string, JsonObject> | undefined {
  if (outline.network !== known.network) return undefined
  const digest = suite.sha256Hex(utf8(digestText(outline)))
  const groups = new Set<string>()
  for (const entry of digests)
    for (const group of signers(entry, outline.size, digest, known, suite)) groups.add(group)
  const roots = new Map(outline.collections.map(([name, count, root]) => [name, { count, root }]))
  const proven = new Map<string, JsonObject>()
  for (const { collection, id, value, index, hashes } of records) {
    const of = roots.get(collection)
    const leaf = leafHash(utf8(recordText(id, value)), suite)
    const root = of && rootFromInclusion({ index, size: of.count, leafHash: leaf, proof: hashes }, suite)
    if (root === undefined || !equal(root, fromHex(of!.root)))
      throw bad(`${collection} ${id} is not in that state`)
    proven.set(`${collection}/${id}`, value)
  }
  return known.isQuorum(groups) ? proven : undefined
}

/** Owner groups of the known validators that signed this digest of this size. */
function signers(entry: string, size: number, digest: string, known: State, suite: Suite): string[] {
  const { payload, signatures } = openEntry(utf8(entry))
  const { kind, network, body } = parseRegistryPayload(payload)
  if (kind !== 'state-digest' || network !== known.network) throw bad('a statement that is no state digest')
  if (body.size !== size || body.digest !== digest) throw bad('a state digest of another state')
  const message = preAuthEncoding(STATEMENT_MEDIA_TYPE, payload)
  const groups: string[] = []
  for (const { keyid, sig } of signatures) {
    const key = known.keys.get(keyid)
    if (key === undefined || key.purpose !== 'validator' || key.revoked !== null) continue
    const { vkey } = parseKeyText(key.key, key.purpose, suite)
    if (!suite.verifyEd25519(vkey!.publicKey, message, sig))
      throw bad('a state digest with a wrong signature')
    const member = known.members.get(key.member)!
    if (member.status === 'active' && member.roles.includes('validator')) groups.push(member.ownerGroup)
  }
  return groups
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-proof', `registry evidence: ${message}`)
}
