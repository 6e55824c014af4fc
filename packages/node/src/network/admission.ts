/**
 * Letting others in, over HTTP, to be mounted under `/network`:
 *
 *     GET  /              which network this is, who hosts it, how many its members are
 *     POST applications   an application, with the code of an invitation; this member sponsors it
 *
 * An application that comes again is answered as before, so whoever was cut off asks again.
 */
import { AnswerableError, errorCode } from '@answerable/core'
import { addSignature, hostUrl, openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { Hono } from 'hono'
import { z } from 'zod'
import { nodeSuite } from '../log/suite.ts'
import { bodyOf, MAX_ENTRY } from '../registry/app.ts'
import type { RegistryBook } from '../registry/book.ts'
import { ruleError } from '../registry/host.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'
import type { Invitations } from './invitations.ts'

export interface AdmissionOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  /** SHA-256 of the charter's statement. */
  network: string
  invitations: Invitations
  clock?: () => number
}

const Application = z.strictObject({ code: z.string().max(64), entry: z.string().max(MAX_ENTRY) })

export class Admission {
  readonly #options: AdmissionOptions
  /** One at a time, so that no code is used twice. */
  #running: Promise<unknown> = Promise.resolve()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /**
   * Sponsors an application. Rejects with `forbidden` for the invitation, `bad-request` for what is no application to
   * this member, and `rule-forbids` with the rule's name.
   */
  apply(code: string, entry: Uint8Array): Promise<{ digest: string; index: number }> {
    const done = this.#running.then(() => this.#apply(code, entry))
    this.#running = done.catch(() => undefined)
    return done
  }

  async #apply(code: string, entry: Uint8Array): Promise<{ digest: string; index: number }> {
    const { book, submitter, keyring, invitations, clock = Date.now } = this.#options
    await invitations.expect(code, clock())
    const { payload } = openEntry(entry)
    const digest = nodeSuite.sha256Hex(payload)
    const member = this.#applicant(payload)
    await invitations.expect(code, clock(), digest)
    const known = book.find(digest)
    if (!known?.effective) {
      const signed = addSignature(entry, keyring.statements('member'))
      const { effective, rule, detail } = book.registry.check(signed)
      if (!effective) throw ruleError(rule ?? 'malformed-envelope', detail)
      await invitations.use(code, { digest, member }, clock())
      try {
        return await submitter.submit(signed)
      } catch (error) {
        if (errorCode(error) === 'rule-forbids') await invitations.release(code, digest)
        throw error
      }
    }
    await invitations.use(code, { digest, member }, clock())
    return { digest, index: known.index }
  }

  /** Who applies, by a payload that is an application to this member in this network. */
  #applicant(payload: Uint8Array): string {
    const { network, keyring } = this.#options
    const statement = parseRegistryPayload(payload)
    const applicant = (statement.body.member as { id?: unknown } | undefined)?.id
    if (statement.kind !== 'application' || typeof applicant !== 'string')
      throw new AnswerableError('bad-request', 'entry: expected an application')
    if (statement.network !== network)
      throw new AnswerableError('bad-request', 'entry: an application to another network')
    if (statement.by !== keyring.member)
      throw new AnswerableError('bad-request', `entry: expected ${keyring.member} as its sponsor`)
    return applicant
  }
}

export function networkApp(options: AdmissionOptions): Hono {
  const { book, network, keyring } = options
  const admission = new Admission(options)
  const app = new Hono()
  app.get('/', c => {
    const { state } = book
    const active = [...state.members.values()].filter(({ status }) => status === 'active').length
    return c.json({
      network,
      name: state.name,
      member: keyring.member,
      host: state.host === undefined ? null : { member: state.host.member, url: hostUrl(state) ?? null },
      members: active,
      size: book.size,
    })
  })
  app.post('/applications', async c => {
    const body = await bodyOf(c.req.raw, 2 * MAX_ENTRY)
    const parsed = Application.safeParse(jsonOf(body))
    if (!parsed.success) throw new AnswerableError('bad-request', 'expected code and entry')
    const { code, entry } = parsed.data
    return c.json(await admission.apply(code, Buffer.from(entry)))
  })
  app.all('*', () => {
    throw new AnswerableError('not-found', 'there are /network and /network/applications')
  })
  return app
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString())
  } catch {
    return undefined
  }
}
