/**
 * A witness (C2SP tlog-witness): cosigns a log's checkpoint if it continues the last one that it cosigned. All of a
 * call is decided at once, from the request's bytes to the answer's: no clock but the one passed in, no network.
 */
import { AnswerableError, type ErrorCode, equal, type Suite } from '@answerable/core'
import {
  asNote,
  formatNote,
  formatVkey,
  type Note,
  type NoteSigner,
  parseVkey,
  sameKey,
  type VerifierKey,
} from '@answerable/core/note'
import {
  type AddCheckpoint,
  type Checkpoint,
  cosign,
  EMPTY_ROOT,
  formatCosignatures,
  formatTreeSize,
  isCosignatureKey,
  isLogKey,
  openCheckpoint,
  parseAddCheckpoint,
  parseCheckpoint,
  TREE_SIZE_CONTENT_TYPE,
  verifyConsistency,
} from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import type { Conflict, ConflictKind } from './conflict.ts'
import type { WitnessRecord, WitnessState } from './state.ts'

/** The longest request body, in bytes; a longer one is answered with status 413. */
export const MAX_WITNESS_BODY = 1 << 20
export const TEXT_CONTENT_TYPE = 'text/plain; charset=utf-8'
/** How far the clock may lie behind the last cosignature, in seconds, before the witness signs no more. */
const MOST_SECONDS_BEHIND = 60

export interface WitnessOptions {
  state: WitnessState
  /** The witness's keys, each of a cosignature type and with a secret of its own. Every answer has one line of each. */
  cosigners: readonly NoteSigner[]
  /** vkeys of logs, besides those added at run time; several with one name are several keys of one origin. */
  logs?: readonly string[]
  suite?: Suite
  /** POSIX milliseconds. */
  clock?: () => number
}

export interface WitnessAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export class Witness {
  readonly #state: WitnessState
  readonly #cosigners: readonly NoteSigner[]
  readonly #suite: Suite
  readonly #clock: () => number
  readonly #logs = new Map<string, VerifierKey[]>()

  /** Throws `bad-config` for keys of a wrong type, and `bad-vkey`. */
  constructor({ state, cosigners, logs = [], suite = nodeSuite, clock = Date.now }: WitnessOptions) {
    if (cosigners.length === 0) throw new AnswerableError('bad-config', 'a witness needs a key')
    for (const { key } of cosigners)
      if (!isCosignatureKey(key))
        throw new AnswerableError('bad-config', `${key.name}: not a key of a cosignature type`)
    this.#state = state
    this.#cosigners = cosigners
    this.#suite = suite
    this.#clock = clock
    for (const vkey of [...logs, ...state.logs()]) this.#trust(this.#logKey(vkey))
  }

  /** The vkeys of this witness, one a key. */
  get vkeys(): string[] {
    return this.#cosigners.map(({ key }) => formatVkey(key))
  }

  /** The vkeys of the logs that are cosigned. */
  logs(): string[] {
    return [...this.#logs.values()].flat().map(formatVkey)
  }

  /** Cosigns one more log, or another key of a known one, from now on and after a restart. Throws `bad-vkey`. */
  addLog(vkey: string): void {
    const key = this.#logKey(vkey)
    this.#state.addLog(vkey)
    this.#trust(key)
  }

  /** No longer takes a key; one from the configuration is back after a restart. What is on record stays. */
  removeLog(vkey: string): void {
    const key = this.#logKey(vkey)
    this.#state.removeLog(vkey)
    const rest = (this.#logs.get(key.name) ?? []).filter(known => !sameKey(known, key))
    if (rest.length > 0) this.#logs.set(key.name, rest)
    else this.#logs.delete(key.name)
  }

  /** Checkpoints that known logs signed and that were refused, oldest first. */
  conflicts(): Conflict[] {
    return this.#state.conflicts()
  }

  /** The newest checkpoint cosigned, by `originId`. */
  latest(id: string): WitnessRecord | undefined {
    return this.#state.recordById(id)
  }

  /**
   * The `add-checkpoint` call (tlog-witness). Throws only where the state cannot be read or written, in which case
   * nothing was cosigned.
   */
  addCheckpoint(body: Uint8Array): WitnessAnswer {
    if (body.length > MAX_WITNESS_BODY) return refusal(413, 'too-large', 'the body is over 1 MiB')
    let request: AddCheckpoint
    let note: Note
    let checkpoint: Checkpoint
    try {
      request = parseAddCheckpoint(body)
      note = asNote(request.checkpoint)
      checkpoint = parseCheckpoint(note.text)
    } catch (error) {
      return refusalOf(400, error)
    }
    const keys = this.#logs.get(checkpoint.origin)
    if (keys === undefined) return refusal(404, 'not-found', 'no log of that origin is configured here')
    let logs: readonly VerifierKey[]
    try {
      logs = openCheckpoint(note, keys, this.#suite).logs
    } catch (error) {
      return refusalOf(403, error)
    }
    return this.#decide(request, checkpoint, signedBy(note, logs))
  }

  /** From here on the checkpoint is the log's own. `signed` has the log's signatures alone. */
  #decide({ oldSize, proof }: AddCheckpoint, checkpoint: Checkpoint, signed: Note): WitnessAnswer {
    const { origin, size, root } = checkpoint
    if (oldSize > size) return refusal(400, 'bad-request', 'the old size is over the checkpoint’s')
    const known = this.#state.record(origin)
    const knownSize = known?.size ?? 0
    const knownRoot = known?.root ?? EMPTY_ROOT
    const forked = known !== undefined && size === knownSize && !equal(root, knownRoot)
    if (forked) this.#keep('two-roots', checkpoint, signed, known)
    if (oldSize !== knownSize || forked) return conflict(knownSize)
    try {
      verifyConsistency({ oldSize, oldRoot: knownRoot, newSize: size, newRoot: root, proof }, this.#suite)
    } catch (error) {
      const answer = refusalOf(422, error)
      if (known !== undefined) this.#keep('inconsistent', checkpoint, signed, known)
      return answer
    }
    return this.#cosign(oldSize, checkpoint, signed, known)
  }

  #cosign(oldSize: number, checkpoint: Checkpoint, signed: Note, known?: WitnessRecord): WitnessAnswer {
    const { origin, size, root } = checkpoint
    // A cosignature says that, as of its time, no larger tree was seen: an earlier time than the last would be untrue.
    const now = Math.floor(this.#clock() / 1000)
    const time = Math.max(now, known?.time ?? 0)
    if (time - now > MOST_SECONDS_BEHIND)
      return refusal(503, 'unavailable', 'the clock lies behind the last cosignature')
    let lines: string
    let note: string
    try {
      const signatures = this.#cosigners.map(cosigner => cosign(signed.text, cosigner, time))
      lines = formatCosignatures(signatures)
      note = formatNote({ text: signed.text, signatures: [...signed.signatures, ...signatures] })
    } catch (error) {
      return refusalOf(400, error)
    }
    // The cosignature leaves only after its record is durable; where another call was faster it never leaves.
    if (this.#state.advance(origin, oldSize, { size, root, note, time }))
      return { status: 200, contentType: TEXT_CONTENT_TYPE, body: lines }
    return conflict(this.#state.record(origin)?.size ?? 0)
  }

  #keep(kind: ConflictKind, checkpoint: Checkpoint, signed: Note, known: WitnessRecord): void {
    const { origin, size, root } = checkpoint
    const conflict = { kind, origin, size, root, note: formatNote(signed), known: known.note }
    this.#state.addConflict({ ...conflict, time: Math.floor(this.#clock()) })
  }

  #logKey(vkey: string): VerifierKey {
    const key = parseVkey(vkey, this.#suite)
    if (!isLogKey(key))
      throw new AnswerableError('bad-vkey', `${key.name}: not of a type that logs sign with`)
    return key
  }

  #trust(key: VerifierKey): void {
    const keys = this.#logs.get(key.name) ?? []
    if (!keys.some(known => sameKey(known, key))) this.#logs.set(key.name, [...keys, key])
  }
}

/**
 * The note with the first signature of each of these keys alone: what a submitter hangs on it besides, up to a
 * mebibyte, would else be kept and served.
 */
function signedBy(note: Note, keys: readonly VerifierKey[]): Note {
  const signatures = keys.map(
    key => note.signatures.find(({ name, keyId }) => name === key.name && keyId === key.keyId)!,
  )
  return { text: note.text, signatures }
}

function conflict(size: number): WitnessAnswer {
  return { status: 409, contentType: TREE_SIZE_CONTENT_TYPE, body: formatTreeSize(size) }
}

/** The text of an error: its stable code, then words. */
export function refusal(status: number, code: ErrorCode, message: string): WitnessAnswer {
  return { status, contentType: TEXT_CONTENT_TYPE, body: `${code}: ${message}\n` }
}

/** Answers an error of core, whose messages speak of the input alone; others are not the caller's to see. */
function refusalOf(status: number, error: unknown): WitnessAnswer {
  if (!(error instanceof AnswerableError)) throw error
  return refusal(status, error.code, error.message)
}
