/**
 * What an operator's process states of itself: where it answers, what its node is and which log it writes, and once an
 * epoch how far that log has come. Compared with what the registry holds, again and again, so nothing is said twice.
 */
import { errorCode, type JsonObject, toBase64, toHex } from '@answerable/core'
import { formatVkey, type NoteSigner } from '@answerable/core/note'
import type { StatementSigner } from '@answerable/core/registry'
import type { SignedCheckpoint } from '../log/log.ts'
import type { Keyring } from '../registry/keyring.ts'
import { statementSigner } from '../registry/keyring.ts'
import type { RegistryNode } from './registry-node.ts'

/** The node that a data folder runs; a member may have more folders, and names them in their configuration. */
export const NODE_NAME = 'gateway'

export interface OperatorOptions {
  registry: RegistryNode
  keyring: Keyring
  /** Base URL where this process is reached, once that is known. */
  url(): string | undefined
  node(): { signer: NoteSigner; descriptor: string; models: readonly string[] } | undefined
  /** The newest checkpoint of the inference log that a quorum cosigned. */
  witnessed(): SignedCheckpoint | undefined
  /** The same of the logs before it, which take no more records. */
  older?(): { origin: string; witnessed: SignedCheckpoint }[]
  /** The log's own proof that one of its trees continues another. */
  consistency(oldSize: number, size: number): Promise<Uint8Array[]>
}

/** How long a copy may lag behind the host before what was said to it is said again, in milliseconds. */
const LAG_MS = 30_000

export class Operator {
  readonly #options: OperatorOptions
  /** What the host took last, by kind and what it is about, and when. */
  readonly #said = new Map<string, { body: string; at: number }>()
  #running: Promise<void> | undefined

  constructor(options: OperatorOptions) {
    this.#options = options
  }

  /** States what the registry does not hold yet. Resolves with what is missing still, if the host did not take it. */
  reconcile(): Promise<void> {
    this.#running ??= this.#reconcile().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #reconcile(): Promise<void> {
    const { registry, keyring } = this.#options
    const { state } = registry.book
    const member = state.members.get(keyring.member)
    // A suspended member may still answer for itself.
    if (member?.status !== 'active' && member?.status !== 'suspended') return
    for (const step of [
      () => this.#address(),
      () => this.#node(),
      () => this.#anchor(),
      () => this.#answer(),
    ]) {
      await step().catch(error => {
        // The host is away, or what it holds is newer than what is here: the next round compares again.
        if (errorCode(error) === 'internal') throw error
      })
    }
  }

  async #address(): Promise<void> {
    const { registry, keyring, url } = this.#options
    const now = url()
    if (now === undefined || registry.book.state.members.get(keyring.member)!.url === now) return
    await this.#state('member', { url: now }, [keyring.statements('member')])
  }

  async #node(): Promise<void> {
    const { registry, keyring, url, node } = this.#options
    const { state } = registry.book
    const own = node()
    const address = url()
    if (own === undefined || address === undefined) return
    if (!state.members.get(keyring.member)!.roles.includes('operator')) return
    const known = state.nodes.get(`${keyring.member}/${NODE_NAME}`)
    const log = state.logs.get(own.signer.key.name)
    const models = [...own.models]
    const same =
      known?.url === address &&
      known.descriptor === own.descriptor &&
      JSON.stringify(known.models) === JSON.stringify(models)
    if (same && log !== undefined) return
    const body = {
      name: NODE_NAME,
      url: address,
      descriptor: own.descriptor,
      log: formatVkey(own.signer.key),
      models,
    }
    const signers = [keyring.statements('member')]
    if (log === undefined) signers.push(statementSigner(own.signer))
    await this.#state('node', body, signers)
  }

  async #anchor(): Promise<void> {
    const { node, witnessed, older } = this.#options
    const origin = node()?.signer.key.name
    const newest = witnessed()
    if (origin !== undefined && newest !== undefined) await this.#anchorOf(origin, newest)
    // What a boot recorded last was not anchored before it ended, and is to be sampled as well.
    for (const one of older?.() ?? []) await this.#anchorOf(one.origin, one.witnessed)
  }

  async #anchorOf(origin: string, newest: SignedCheckpoint): Promise<void> {
    const { registry, keyring } = this.#options
    const { state } = registry.book
    const log = state.logs.get(origin)
    if (log === undefined || newest.size === 0) return
    if (log.anchor !== null && (log.anchor.epoch >= state.epoch || log.anchor.size >= newest.size)) return
    const body = { log: log.origin, size: newest.size, root: toHex(newest.root) }
    await this.#state('anchor', body, [keyring.statements('member')], origin)
  }

  /** Once, though the copy here does not have it yet. */
  async #state(
    kind: string,
    body: JsonObject,
    signers: readonly StatementSigner[],
    about = '',
  ): Promise<void> {
    const text = JSON.stringify(body)
    const key = `${kind} ${about}`
    const said = this.#said.get(key)
    if (said?.body === text && Date.now() - said.at < LAG_MS) return
    await this.#options.registry.submitter.state(kind, body, signers)
    this.#said.set(key, { body: text, at: Date.now() })
  }

  /** Answers challenges that say that a record of this log is under no checkpoint that a quorum saw. */
  async #answer(): Promise<void> {
    const { registry, keyring, node, witnessed, consistency } = this.#options
    const origin = node()?.signer.key.name
    const newest = witnessed()
    if (newest === undefined) return
    for (const { type, status, log, size, digest } of registry.book.state.challenges.values()) {
      if (type !== 'consistency' || status !== 'open' || log !== origin || size > newest.size) continue
      const proof = (await consistency(size, newest.size)).map(hash => toBase64(hash))
      await this.#state('challenge-answer', { challenge: digest, checkpoint: newest.note, proof }, [
        keyring.statements('member'),
      ])
    }
  }
}
