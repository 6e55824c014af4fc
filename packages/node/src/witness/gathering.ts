/** A published checkpoint and the cosignatures on it so far. */
import type { Suite } from '@answerable/core'
import {
  asNote,
  formatNote,
  type Note,
  type NoteSignature,
  type VerifierKey,
  withSignatures,
} from '@answerable/core/note'
import { checkCosignature, evaluatePolicy, type Policy } from '@answerable/core/tlog'
import type { SignedCheckpoint } from '../log/log.ts'

export class Gathering {
  readonly size: number
  readonly root: Uint8Array
  /** The checkpoint with the log's signature alone: what witnesses are sent. */
  readonly submission: string
  readonly #policy: Policy
  readonly #suite: Suite
  #note: Note
  #quorum: boolean
  /** Whether there are cosignatures that are not stored yet. */
  unstored = false

  /**
   * Starts from a checkpoint that may have cosignatures on it, from a file of ours: those that do not check are left
   * out, since a single bad one would condemn the note. `policy` has the log's key.
   */
  constructor(checkpoint: SignedCheckpoint, policy: Policy, witnesses: readonly VerifierKey[], suite: Suite) {
    const note = asNote(checkpoint.note)
    const logs = policy.logs.map(({ key }) => key)
    const own = note.signatures.filter(signature => signerOf(signature, logs) !== undefined)
    const cosignatures = note.signatures.filter(signature => {
      const key = signerOf(signature, witnesses)
      return key && checkCosignature(key, signature.signature, note.text, suite) !== undefined
    })
    this.size = checkpoint.size
    this.root = checkpoint.root
    this.submission = formatNote({ text: note.text, signatures: own })
    this.#policy = policy
    this.#suite = suite
    this.#note = withSignatures({ text: note.text, signatures: own }, cosignatures)
    this.#quorum = this.#evaluate()
  }

  has(key: VerifierKey): boolean {
    return this.#note.signatures.some(signature => signerOf(signature, [key]) !== undefined)
  }

  /** Adds a cosignature, already checked. */
  add(signature: NoteSignature): void {
    this.#note = withSignatures(this.#note, [signature])
    this.unstored = true
    this.#quorum ||= this.#evaluate()
  }

  /** Whether the policy's quorum cosigned. Never for `quorum none`, which asks nobody: nobody then witnessed anything. */
  get quorum(): boolean {
    return this.#quorum
  }

  /** The checkpoint with all that was gathered. */
  get cosigned(): SignedCheckpoint {
    return { size: this.size, root: this.root, note: formatNote(this.#note) }
  }

  #evaluate(): boolean {
    if (this.#policy.quorum === 'none') return false
    const result = evaluatePolicy(this.#policy, this.#note, this.#suite)
    return result.outcome === 'ok' && result.quorum
  }
}

function signerOf({ name, keyId }: NoteSignature, keys: readonly VerifierKey[]): VerifierKey | undefined {
  return keys.find(key => key.name === name && key.keyId === keyId)
}
