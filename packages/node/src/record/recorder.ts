/**
 * Turns calls into records: salts and hashes what was asked and answered, encrypts it, and appends the statement to
 * the log. This is the hot path: docs/performance.md says what each step costs.
 */
import { hash, randomUUIDv7 } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  CHUNK_KEY_BYTES,
  DISCLOSURES,
  type DisclosureName,
  disclosureText,
  formatInference,
  type InferenceContext,
  type InferenceEvent,
  SALT_BYTES,
} from '@answerable/core/statement'
import type { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import { KEY_BYTES, type Part, Sealing } from '../storage/index.ts'
import type { IndexRow, RecordIndex } from '../storage/index-db.ts'
import type { NewRecord } from '../storage/storage.ts'
import { randomBytes, randomTexts, withRandom } from './random.ts'

/** What was asked: the exact bytes, and the JSON texts of the disclosures about them. */
export interface Asked {
  request: Uint8Array
  method: string
  path: string
  mediaType: string
  /** JSON texts: a model's is the same call after call, and is serialised once. */
  model: string
  sampling: string
  parties: string
  /** Digest of the caller and their Idempotency-Key. */
  idempotency?: string | undefined
  /** Made before the record, where other records follow from it; otherwise it is made with the record. */
  identity?: Identity
}

/** What a record is named and opened by. */
export interface Identity {
  id: string
  secret: Buffer
}

export const SECRET_BYTES = 32

/** How a call ended, for the response disclosure. */
export type Outcome =
  | 'ok'
  | 'refused'
  | 'upstream-error'
  | 'upstream-timeout'
  | 'client-aborted'
  | 'interrupted'

export interface Answered {
  response: Uint8Array
  status: number
  mediaType: string
  outcome: Outcome
  finishReason?: string | undefined
  /** Token counts as the model gave them. */
  usage?: unknown
  /** Where the upstream's bytes were other than those given on (it encoded them): their SHA-256 and length. */
  upstream?: { sha256: string; length: number } | undefined
  chunks?: { key: string; count: number; root: string } | undefined
}

/** A committed record, and the secret that opens it. */
export interface Recorded {
  id: string
  /** base64url of 32 bytes; handed out once. */
  secret: string
  index: number
  /** The digest by which the log holds the statement; of a stream that has begun, of its beginning. */
  entry: Uint8Array
}

/** A stream that has begun. */
export interface Begun extends Recorded {
  digest: string
  holder: string
}

const PART_OF: Record<DisclosureName, Part> = {
  request: 'requestDisclosure',
  response: 'responseDisclosure',
  model: 'modelDisclosure',
  sampling: 'samplingDisclosure',
  parties: 'partiesDisclosure',
}

export interface RecorderOptions {
  log: Log
  index: RecordIndex
  context: InferenceContext
  /** Unix milliseconds. */
  clock(): number
  /** The time of the last record, from before a restart. */
  lastTime?: number
}

/** What a record has beside the bytes asked and answered. */
const OVERHEAD_BYTES = 4096

/** Rows of the index that wait: a few minutes' worth, at the highest rate. */
const MOST_PENDING = 1_000_000

export class Recorder {
  readonly #log: Log
  readonly #index: RecordIndex
  readonly #clock: () => number
  #lastTime: number
  /** Replaced when the newest witnessed registry checkpoint changes. */
  context: InferenceContext

  constructor({ log, index, context, clock, lastTime = 0 }: RecorderOptions) {
    this.#log = log
    this.#index = index
    this.#clock = clock
    this.#lastTime = lastTime
    this.context = context
  }

  /** Why no record is taken at present, if none is: asked before a model runs. */
  get problem(): AnswerableError | undefined {
    if (this.#index.pending >= MOST_PENDING)
      return new AnswerableError(
        'not-writable',
        'the index cannot be written at present; nothing is answered unrecorded',
      )
    return this.#log.problem
  }

  /** Records a call that was answered whole. Resolves when the record is durable and in the tree that checkpoints are signed over. */
  async answer(asked: Asked, answered: Answered): Promise<Recorded> {
    const { idempotency, identity } = asked
    const id = identity?.id ?? randomUUIDv7()
    let secret = ''
    let record!: NewRecord
    const bytes = asked.request.length + answered.response.length + OVERHEAD_BYTES
    const index = await this.#append({ id, part: 0, idempotency }, bytes, () => {
      const draft = new Draft()
      addAsked(draft, asked)
      addAnswered(draft, answered)
      const made = secretOf(identity)
      secret = made.secret
      if (idempotency !== undefined) addIdempotency(draft, idempotency, secret)
      record = this.#record(draft, { id, event: 'answer', holder: made.holder })
      return record
    })
    return { id, secret, index, entry: record.entry }
  }

  /** Records that a stream begins. */
  async begin(asked: Asked): Promise<Begun> {
    const { idempotency, identity } = asked
    const id = identity?.id ?? randomUUIDv7()
    const { secret, holder } = secretOf(identity)
    let record!: NewRecord
    const row = { id, part: 0, opens: true, idempotency } as const
    const bytes = asked.request.length + OVERHEAD_BYTES
    const make = () => {
      const draft = new Draft()
      addAsked(draft, asked)
      if (idempotency !== undefined) addIdempotency(draft, idempotency, secret)
      record = this.#record(draft, { id, event: 'begin', holder })
      return record
    }
    // Its promise is a proof under a signed checkpoint.
    const index = await this.#append(row, bytes, make, true)
    const digest = Buffer.from(record.entry).toString('hex')
    return { id, secret, index, digest, holder, entry: record.entry }
  }

  /** Records how a stream ended. */
  async end(
    { id, digest, holder }: Pick<Begun, 'id' | 'digest' | 'holder'>,
    event: 'end' | 'interrupted',
    answered: Answered,
  ): Promise<Pick<Recorded, 'index' | 'entry'>> {
    let record!: NewRecord
    const index = await this.#append({ id, part: 1 }, answered.response.length + OVERHEAD_BYTES, () => {
      const draft = new Draft()
      addAnswered(draft, answered)
      record = this.#record(draft, { id, event, holder, begin: digest })
      return record
    })
    return { index, entry: record.entry }
  }

  async #append(
    row: Omit<IndexRow, 'index' | 'position'>,
    bytes: number,
    make: () => NewRecord,
    signed = false,
  ): Promise<number> {
    const { index, position } = await this.#log.appendDraft({ bytes, make, signed })
    this.#index.add({ ...row, index, position })
    return index
  }

  #record(
    draft: Draft,
    fields: { id: string; event: InferenceEvent; holder: string; begin?: string },
  ): NewRecord {
    const text = formatInference({ ...fields, time: this.now(), disclosures: draft.digests }, this.context)
    const statement = Buffer.from(text)
    const key = randomBytes(KEY_BYTES)
    return {
      statement,
      entry: nodeSuite.sha256(statement),
      content: draft.sealing.seal(key),
      key,
    }
  }

  /** Never goes backwards within a log, whatever the clock does. */
  now(): number {
    this.#lastTime = Math.max(this.#lastTime, this.#clock())
    return this.#lastTime
  }
}

/** For a record that others follow from. */
export function newIdentity(): Identity {
  return { id: randomUUIDv7(), secret: randomBytes(SECRET_BYTES) }
}

/** A holder secret in base64url, and the digest by which the statement names it. A new one, unless there is one. */
function secretOf(identity: Identity | undefined): { secret: string; holder: string } {
  const texts = (bytes: Buffer) => ({
    secret: bytes.toString('base64url'),
    holder: hash('sha256', bytes, 'hex'),
  })
  return identity === undefined ? withRandom(SECRET_BYTES, texts) : texts(identity.secret)
}

/** Disclosures and bytes of one statement, on the way to being sealed. */
class Draft {
  readonly digests: Partial<Record<DisclosureName, string>> = {}
  readonly sealing = new Sealing()
  readonly #salts = randomTexts(SALT_BYTES, DISCLOSURES.length)
  #disclosed = 0

  disclose(name: DisclosureName, valueJson: string): void {
    const text = disclosureText(this.#salts[this.#disclosed++]!, name, valueJson)
    this.digests[name] = hash('sha256', text, 'hex')
    this.sealing.addText(PART_OF[name], text)
  }
}

function addAsked(draft: Draft, { request, method, path, mediaType, model, sampling, parties }: Asked): void {
  const sha256 = hash('sha256', request, 'hex')
  const value = `{"sha256":"${sha256}","length":${request.length},"method":"${method}","path":${JSON.stringify(path)},"mediaType":${JSON.stringify(mediaType)}}`
  draft.disclose('request', value)
  draft.sealing.add('request', request)
  draft.disclose('model', model)
  draft.disclose('sampling', sampling)
  draft.disclose('parties', parties)
}

function addAnswered(draft: Draft, answered: Answered): void {
  const { response, status, mediaType, outcome, finishReason, usage, upstream, chunks } = answered
  const rest =
    finishReason === undefined && usage === undefined && upstream === undefined && chunks === undefined
  // Assembled, since serialising an object of mostly digests and numbers is a tenth of a record's cost.
  const value =
    `{"sha256":"${hash('sha256', response, 'hex')}","length":${response.length},"status":${status},` +
    `"mediaType":${JSON.stringify(mediaType)},"outcome":"${outcome}"` +
    (rest ? '}' : `,${JSON.stringify({ finishReason, usage, upstream, chunks }).slice(1)}`)
  draft.disclose('response', value)
  draft.sealing.add('response', response)
}

function addIdempotency(draft: Draft, digest: string, secret: string): void {
  draft.sealing.addText('idempotency', JSON.stringify({ digest, secret }))
}

/** A key for the leaves of a stream's chunks, in hex. */
export function newChunkKey(): Uint8Array {
  return randomBytes(CHUNK_KEY_BYTES)
}
