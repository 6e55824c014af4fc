/**
 * Serves what a side of a dispute has to show, to be mounted under `/dispute`:
 *
 *     POST evidence   a disclosure request's envelope whose ground is the dispute; answered with a JWE to its key
 *
 * Asked for by those who judge: the panel, as the registry has it.
 */
import { AnswerableError } from '@answerable/core'
import { MAX_SIGNED_BYTES, notEntitled, openDisclosureRequest, signerOf } from '@answerable/core/audit'
import type { Dispute, State } from '@answerable/core/registry'
import { Hono } from 'hono'
import { Guard, type GuardLimits } from '../audit-service/guard.ts'
import { encryptTo } from '../audit-service/jwe.ts'
import { nodeSuite } from '../log/suite.ts'
import { bodyOf } from '../registry/app.ts'
import { formatShown, type Shown } from './evidence.ts'

export interface EvidenceServiceOptions {
  state(): State
  /** What this member shows in a dispute that it is a side of; undefined where it has nothing. */
  shown(dispute: Dispute): Promise<Shown | undefined>
  clock?: () => number
  limits?: Partial<GuardLimits>
}

export class EvidenceService {
  readonly #options: EvidenceServiceOptions
  readonly #guard: Guard

  constructor(options: EvidenceServiceOptions) {
    this.#options = options
    this.#guard = new Guard(options.limits)
  }

  /**
   * The JWE. Rejects with `unauthorized`, `forbidden`, `not-found`, `out-of-time`, `replayed`, `too-many-requests`, and as
   * reading the envelope does.
   */
  async serve(envelope: Uint8Array): Promise<string> {
    const signed = openDisclosureRequest(envelope, nodeSuite)
    const { said, digest } = signed
    const state = this.#options.state()
    if (signerOf(signed, state, nodeSuite)?.status !== 'active')
      throw new AnswerableError('unauthorized', 'not signed by a live member key of an active member')
    const now = (this.#options.clock ?? Date.now)()
    this.#guard.admit(said.by, digest, said.time, now)
    if (said.ground.reason !== 'dispute') throw new AnswerableError('forbidden', 'asked on another ground')
    const why = notEntitled(said, state, nodeSuite)
    if (why !== undefined) throw new AnswerableError('forbidden', `the ground does not hold: ${why}`)
    const dispute = state.disputes.get(said.ground.digest)!
    return this.#guard.run(said.by, now, async () => {
      const shown = await this.#options.shown(dispute)
      if (shown === undefined) throw new AnswerableError('not-found', 'there is nothing to show here')
      return encryptTo(said.recipient, formatShown(shown))
    })
  }
}

export function evidenceApp(service: Pick<EvidenceService, 'serve'>): Hono {
  const app = new Hono()
  app.post('/evidence', async c => {
    const ciphertext = await service.serve(await bodyOf(c.req.raw, MAX_SIGNED_BYTES))
    return c.json({ ciphertext }, 200, { 'cache-control': 'no-store' })
  })
  return app
}
