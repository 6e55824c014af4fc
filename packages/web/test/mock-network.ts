/** A network in memory, for the page's tests: a log, three witnesses of one owner, and receipts as the gateway makes them. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto'
import { toBase64Url, toHex, utf8 } from '@answerable/core'
import {
  formatNote,
  formatVkey,
  type NoteSigner,
  parseNote,
  SIG_COSIGNATURE_ED25519,
  SIG_ED25519,
  signNote,
  verifierKey,
  withSignatures,
} from '@answerable/core/note'
import { portableSuite as suite } from '@answerable/core/portable'
import type { Receipt } from '@answerable/core/receipt'
import {
  type DisclosureName,
  disclosureDigest,
  disclosureText,
  formatInference,
  inferenceContext,
} from '@answerable/core/statement'
import {
  cosign,
  formatCheckpoint,
  formatPolicy,
  formatTlogProof,
  type HashReader,
  inclusionProof,
  leafHash,
  nodeHash,
  treeRoot,
} from '@answerable/core/tlog'

interface MockRecord {
  statement: Uint8Array
  secret: string
  disclosures: Partial<Record<DisclosureName, string>>
  content: { request: Uint8Array; response: Uint8Array }
  index: number
  /** Of a record that names evidence: its document. */
  evidence?: Uint8Array
}

export interface Called {
  model: string
  request: Uint8Array
  response: Uint8Array
  status: number
  use: string | null
  /** Records of the others that were asked, and whether each agrees. */
  opinions?: { id: string; model: string; agrees: boolean }[]
  /** A document of evidence that the record names. */
  evidence?: Uint8Array
}

export class MockNetwork {
  readonly id = randomBytes(6).toString('hex')
  readonly origin = `${this.id}.local/inference`
  readonly #signer = signer(this.origin, SIG_ED25519)
  readonly #registrySigner = signer(`${this.id}.local/registry`, SIG_ED25519)
  readonly #witnesses = [1, 2, 3].map(n => signer(`${this.id}.local/witness/${n}`, SIG_COSIGNATURE_ED25519))
  readonly #leaves: Uint8Array[] = []
  readonly #records = new Map<string, MockRecord>()
  readonly #documents: Record<string, Uint8Array> = {}
  readonly #registryNote: string
  readonly #fields: Parameters<typeof inferenceContext>[0]
  /** The newest checkpoint that a quorum cosigned. */
  #witnessed: { size: number; note: string } | undefined
  /** Which witnesses answer. */
  up = [true, true, true]

  constructor() {
    const root = suite.sha256(utf8('a registry'))
    const registryText = formatCheckpoint({
      origin: this.#registrySigner.key.name,
      size: 3,
      root,
      extensions: [],
    })
    this.#registryNote = this.#cosign(signNote(registryText, [this.#registrySigner]))
    const [node, charter, terms] = ['node', 'charter', 'terms'].map(name => {
      const bytes = utf8(`{"type":"https://answerable.dev/${name}/v1"}`)
      const digest = suite.sha256Hex(bytes)
      this.#documents[digest] = bytes
      return digest
    }) as [string, string, string]
    const registry = { origin: this.#registrySigner.key.name, size: 3, root: toHex(root) }
    this.#fields = { log: this.origin, node, charter, terms, registry }
    // Other people's records, so that the tree has some depth.
    for (let i = 0; i < 41; i++) this.#leaves.push(leafHash(randomBytes(32), suite))
    this.witness()
  }

  get vkey(): string {
    return formatVkey(this.#signer.key)
  }

  get size(): number {
    return this.#leaves.length
  }

  get witnessedSize(): number {
    return this.#witnessed?.size ?? 0
  }

  get witnessNames(): string[] {
    return this.#witnesses.map((_, i) => `witness-${i + 1}`)
  }

  policy(): string {
    const names = this.witnessNames
    return formatPolicy({
      logs: [
        { key: this.#signer.key, url: '/log' },
        { key: this.#registrySigner.key, url: '/registry' },
      ],
      witnesses: this.#witnesses.map(({ key }, i) => ({ name: names[i]!, key })),
      groups: [
        { name: 'owner-you', threshold: 2, members: names },
        { name: 'owners', threshold: 1, members: ['owner-you'] },
      ],
      quorum: 'owners',
    })
  }

  /** Records a call; returns the id and the secret. */
  record({ model, request, response, status, use, opinions, evidence }: Called): {
    id: string
    secret: string
  } {
    const id = uuidV7()
    const secret = randomBytes(32)
    const about = (bytes: Uint8Array) => ({ sha256: suite.sha256Hex(bytes), length: bytes.length })
    const values: Record<DisclosureName, object> = {
      request: { ...about(request), method: 'POST', path: `/v2/models/${model}/infer` },
      response: { ...about(response), status, mediaType: 'application/json', outcome: 'ok' },
      model: {
        name: model,
        version: '1',
        manifest: { sha256: 'ab'.repeat(32) },
        runtime: { name: 'mock' },
        ...(opinions && { opinions: this.#opinions(opinions) }),
      },
      sampling: { parameters: {}, seed: 'none: the model is deterministic' },
      parties: { operator: 'you', deployer: 'you', declaredUse: use, price: null, payees: [] },
    }
    const disclosures: Partial<Record<DisclosureName, string>> = {}
    const digests: Partial<Record<DisclosureName, string>> = {}
    for (const [name, value] of Object.entries(values) as [DisclosureName, object][]) {
      const text = disclosureText(toBase64Url(randomBytes(32)), name, JSON.stringify(value))
      disclosures[name] = text
      digests[name] = disclosureDigest(text, suite)
    }
    const holder = suite.sha256Hex(secret)
    const statement = utf8(
      formatInference(
        { id, event: 'answer', time: Date.now(), holder, disclosures: digests },
        inferenceContext({ ...this.#fields, ...(evidence && { evidence: suite.sha256Hex(evidence) }) }),
      ),
    )
    const index = this.#leaves.length
    this.#leaves.push(leafHash(suite.sha256(statement), suite))
    const text = toBase64Url(secret)
    const content = { request, response }
    this.#records.set(id, {
      statement,
      secret: text,
      disclosures,
      content,
      index,
      ...(evidence && { evidence }),
    })
    return { id, secret: text }
  }

  #opinions(asked: NonNullable<Called['opinions']>) {
    const agreed = asked.every(({ agrees }) => agrees)
    return {
      route: 'credit-second-look',
      rule: { output: 'approved' },
      least: asked.length,
      onDissent: 'escalate',
      outcome: agreed ? 'agreed' : 'escalated',
      ...(!agreed && { decides: 'the loan officer' }),
      asked: asked.map(({ id, model, agrees }, i) => ({
        id,
        statement: suite.sha256Hex(this.#records.get(id)!.statement),
        model,
        outcome: i === 0 ? 'answers' : agrees ? 'agrees' : 'dissents',
      })),
    }
  }

  /** All witnesses that are up see the whole log. */
  witness(): void {
    if (this.up.filter(Boolean).length < 2) return
    this.#witnessed = { size: this.size, note: this.#cosign(this.#checkpoint(this.size)) }
  }

  receipt(id: string, secret?: string): Receipt | 'not-found' | 'forbidden' {
    const record = this.#records.get(id)
    if (record === undefined) return 'not-found'
    if (secret !== undefined && secret !== record.secret) return 'forbidden'
    const { statement, disclosures, content, index, evidence } = record
    const seen = this.#witnessed
    const size = seen !== undefined && index < seen.size ? seen.size : this.size
    const checkpoint = size === seen?.size ? seen.note : this.#checkpoint(size)
    const hashes = inclusionProof(index, size, this.#read, suite)
    const opened = secret === undefined ? { disclosures: {}, content: {} } : { disclosures, content }
    return {
      statement,
      proof: formatTlogProof({ index, hashes, checkpoint }),
      ...opened,
      documents: { ...this.#documents, ...(evidence && { [suite.sha256Hex(evidence)]: evidence }) },
      registryCheckpoint: this.#registryNote,
    }
  }

  readonly #read: HashReader = (level, index) =>
    level === 0
      ? this.#leaves[index]!
      : nodeHash(this.#read(level - 1, index * 2), this.#read(level - 1, index * 2 + 1), suite)

  #checkpoint(size: number): string {
    const root = treeRoot(size, this.#read, suite)
    return signNote(formatCheckpoint({ origin: this.origin, size, root, extensions: [] }), [this.#signer])
  }

  #cosign(text: string): string {
    const note = parseNote(text)
    const now = Math.floor(Date.now() / 1000)
    const up = this.#witnesses.filter((_, i) => this.up[i])
    return formatNote(
      withSignatures(
        note,
        up.map(witness => cosign(note.text, witness, now)),
      ),
    )
  }
}

function signer(name: string, type: number): NoteSigner {
  const { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } =
    generateKeyPairSync('ed25519')
  const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
  return {
    key: verifierKey(name, type, raw, suite),
    sign: message => new Uint8Array(sign(null, message, privateKey)),
  }
}

function uuidV7(): string {
  const time = Date.now().toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** A digest of a text, for tests that need one of something else. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
