/**
 * A log's client for one witness (C2SP tlog-witness). It believes nothing of what comes back: a cosignature counts
 * after it was checked against the witness's key over the checkpoint that was sent, and everything else is an outcome
 * with a reason.
 */
import { AnswerableError, fromUtf8, type Suite } from '@answerable/core'
import {
  asNote,
  formatVkey,
  MAX_NOTE_BYTES,
  type Note,
  type NoteSignature,
  parseNote,
  parseVkey,
  SIG_COSIGNATURE_MLDSA44,
  type VerifierKey,
} from '@answerable/core/note'
import {
  type Checkpoint,
  checkCosignature,
  formatAddCheckpoint,
  isCosignatureKey,
  parseCheckpoint,
  parseCosignatures,
  parseTreeSize,
} from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { Deadline, type Exchange, type ExchangeFault, exchange, type Fetch } from './exchange.ts'
import { originId } from './state.ts'

/** The longest answer to `add-checkpoint`: some cosignatures, of 3.3 kB each at most. */
const MAX_ANSWER = 64 * 1024
/** The first call may not know the witness's size, and another may come in between. */
const MOST_TRIES = 3

export interface WitnessClientOptions {
  /** What the log's owner calls the witness. */
  name: string
  vkey: string
  /** The submission prefix of tlog-witness, here also the monitoring prefix. */
  url: string
  /** For a witness in the same process: `app.fetch`. */
  fetch?: Fetch
  /** For one call of this class, retries included. */
  timeoutMs?: number
  /** How far a cosignature's time may lie from this clock. */
  maxSkewMs?: number
  suite?: Suite
  /** POSIX milliseconds. */
  clock?: () => number
}

/** What the client asks of the log. */
export interface SubmitSource {
  /** The size that the witness is thought to have; 0 where nothing is known. */
  oldSize?: number
  /** Entries in the log by now: at least the checkpoint's. */
  size(): number
  proof(oldSize: number, newSize: number): Promise<readonly Uint8Array[]>
  signal?: AbortSignal
}

export type WitnessFault =
  | ExchangeFault
  /** Status 404: the witness does not know the log. */
  | 'unknown-log'
  /** Status 400 or 403. */
  | 'refused'
  /** Another status that the specification does not have. */
  | 'status'
  /** An answer that cannot be read, or makes no sense. */
  | 'garbage'
  /** No line by the witness's key. */
  | 'wrong-key'
  /** A line by the witness's key that does not sign this checkpoint; an older one sent again is such. */
  | 'bad-signature'
  /** A good cosignature of another hour. */
  | 'bad-time'
  /** Another size at every try. */
  | 'loop'
  /** The witness has a newer checkpoint, of a size that the log has too: send a newer one. */
  | 'stale'
  /** The log could not make the consistency proof. */
  | 'no-proof'

export interface WitnessFailure {
  readonly outcome: 'failed'
  readonly code: WitnessFault
  readonly message: string
}

/** How a witness says that our log is not what it saw: a statement, and no proof before its checkpoint is at hand. */
export type AheadReason = 'larger' | 'other-root' | 'inconsistent'

export type SubmitResult =
  | {
      readonly outcome: 'cosigned'
      /** POSIX seconds, as the witness states. */
      readonly timestamp: number
      /** Checked. */
      readonly signature: NoteSignature
    }
  | {
      readonly outcome: 'ahead'
      readonly reason: AheadReason
      readonly size: number
      readonly message: string
    }
  | WitnessFailure

export type LatestResult =
  /** No signature on the note is checked here: what the log's own key signed counts, whoever brings it. */
  | { readonly outcome: 'found'; readonly note: string; readonly checkpoint: Checkpoint }
  | { readonly outcome: 'none' }
  | WitnessFailure

export class WitnessClient {
  readonly name: string
  readonly key: VerifierKey
  readonly url: string
  readonly #fetch: Fetch
  readonly #timeoutMs: number
  readonly #maxSkewMs: number
  readonly #suite: Suite
  readonly #clock: () => number

  /** Throws `bad-config` for a URL that is not plain HTTP(S) and a key that is no witness's, and `bad-vkey`. */
  constructor(options: WitnessClientOptions) {
    const { name, vkey, url, fetch: send = request => fetch(request), suite = nodeSuite } = options
    this.name = name
    this.key = parseVkey(vkey, suite)
    if (!isCosignatureKey(this.key))
      throw new AnswerableError('bad-config', `witness ${name}: not a key that witnesses sign with`)
    this.url = prefixOf(name, url)
    this.#fetch = send
    this.#timeoutMs = options.timeoutMs ?? 5000
    this.#maxSkewMs = options.maxSkewMs ?? 300_000
    this.#suite = suite
    this.#clock = options.clock ?? Date.now
  }

  /** A client for a witness by its key. */
  static of(name: string, key: VerifierKey, url: string, send?: Fetch): WitnessClient {
    return new WitnessClient({ name, vkey: formatVkey(key), url, ...(send && { fetch: send }) })
  }

  get vkey(): string {
    return formatVkey(this.key)
  }

  /** Asks for a cosignature on a signed checkpoint. Throws only for a note that is none. */
  async submit(checkpointNote: string, source: SubmitSource): Promise<SubmitResult> {
    const note = asNote(checkpointNote)
    const { size } = parseCheckpoint(note.text)
    const deadline = new Deadline(this.#timeoutMs, source.signal)
    try {
      let oldSize = Math.min(source.oldSize ?? 0, size)
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const body = await requestBody(checkpointNote, oldSize, size, source)
        if (typeof body !== 'string') return body
        const answer = await exchange(
          this.#fetch,
          `${this.url}/add-checkpoint`,
          { method: 'POST', body },
          MAX_ANSWER,
          deadline,
        )
        if ('fault' in answer) return failed(answer.fault, answer.message)
        if (answer.status === 200) return this.#cosignature(note, answer.body)
        if (answer.status !== 409) return otherStatus(answer, oldSize)
        const told = judgeConflict(answer.body, oldSize, size, source.size())
        if (typeof told !== 'number') return told
        oldSize = told
      }
      return failed('loop', `another size at each of ${MOST_TRIES} tries`)
    } finally {
      deadline.clear()
    }
  }

  /** The newest checkpoint that the witness has of an origin, through the monitoring path of our own witnesses. */
  async latest(origin: string, signal?: AbortSignal): Promise<LatestResult> {
    const deadline = new Deadline(this.#timeoutMs, signal)
    try {
      const url = `${this.url}/checkpoint/${originId(origin)}`
      const answer = await exchange(this.#fetch, url, { method: 'GET' }, MAX_NOTE_BYTES, deadline)
      if ('fault' in answer) return failed(answer.fault, answer.message)
      if (answer.status === 404) return { outcome: 'none' }
      if (answer.status !== 200) return failed('status', `answered with status ${answer.status}`)
      return readLatest(answer.body, origin)
    } finally {
      deadline.clear()
    }
  }

  #cosignature(note: Note, body: Uint8Array): SubmitResult {
    let lines: NoteSignature[]
    try {
      lines = parseCosignatures(body)
    } catch (error) {
      return failed('garbage', wordsOf(error))
    }
    const signature = lines.find(({ name, keyId }) => name === this.key.name && keyId === this.key.keyId)
    if (signature === undefined) return failed('wrong-key', `no cosignature by ${this.key.name}`)
    const timestamp = checkCosignature(this.key, signature.signature, note.text, this.#suite)
    if (timestamp === undefined)
      return failed('bad-signature', `the cosignature by ${this.key.name} is not one of this checkpoint`)
    const stated = timestamp !== 0 || this.key.type !== SIG_COSIGNATURE_MLDSA44
    if (stated && Math.abs(timestamp * 1000 - this.#clock()) > this.#maxSkewMs)
      return failed('bad-time', `the cosignature is of ${timestamp}, which is not now`)
    return { outcome: 'cosigned', timestamp, signature }
  }
}

async function requestBody(
  checkpoint: string,
  oldSize: number,
  size: number,
  source: SubmitSource,
): Promise<string | WitnessFailure> {
  try {
    const proof = oldSize === 0 || oldSize === size ? [] : await source.proof(oldSize, size)
    return formatAddCheckpoint({ oldSize, proof, checkpoint })
  } catch (error) {
    return failed('no-proof', wordsOf(error))
  }
}

/** The size to try next, from an answer of status 409. */
function judgeConflict(
  body: Uint8Array,
  oldSize: number,
  size: number,
  logSize: number,
): number | SubmitResult {
  let told: number
  try {
    told = parseTreeSize(body)
  } catch (error) {
    // For another root the specification gives the answer no form; the old size alone shows which conflict it is.
    return oldSize === size ? ahead('other-root', size) : failed('garbage', wordsOf(error))
  }
  if (told > logSize) return ahead('larger', told)
  if (told > size) return failed('stale', `the witness has ${told} entries already`)
  if (told === oldSize)
    return told === size
      ? ahead('other-root', size)
      : failed('garbage', 'refused the very size that it says it has')
  return told
}

function otherStatus(answer: Exchange & { status: number }, oldSize: number): SubmitResult {
  const { status } = answer
  if (status === 404) return failed('unknown-log', 'the witness does not know the log')
  if (status === 400 || status === 403) return failed('refused', `refused with status ${status}`)
  // A proof of ours that does not fit means that the witness has another tree of that size.
  if (status === 422) return ahead('inconsistent', oldSize)
  return failed('status', `answered with status ${status}`)
}

function readLatest(body: Uint8Array, origin: string): LatestResult {
  try {
    const note = fromUtf8(body)
    const checkpoint = parseCheckpoint(parseNote(note).text)
    if (checkpoint.origin !== origin) return failed('garbage', 'a checkpoint of another origin')
    return { outcome: 'found', note, checkpoint }
  } catch (error) {
    return failed('garbage', wordsOf(error))
  }
}

const AHEAD_WORDS: Record<AheadReason, string> = {
  larger: 'the witness says it has cosigned a larger tree than this log has',
  'other-root': 'the witness says it has cosigned another root at this size',
  inconsistent: 'the witness says this log does not continue what it has cosigned',
}

function ahead(reason: AheadReason, size: number): SubmitResult {
  return { outcome: 'ahead', reason, size, message: AHEAD_WORDS[reason] }
}

function failed(code: WitnessFault, message: string): WitnessFailure {
  return { outcome: 'failed', code, message }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason given'
}

function prefixOf(name: string, text: string): string {
  const url = URL.parse(text)
  const plain = url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password
  if (!plain || url.search || url.hash)
    throw new AnswerableError('bad-config', `witness ${name}: the URL is not a plain http(s) prefix`)
  return url.href.replace(/\/+$/, '')
}
