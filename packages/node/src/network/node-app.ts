/**
 * What this process states of its node, to be mounted under `/node` on the first listener alone:
 *
 *     GET  /          what the registry holds of it
 *     POST register   compares now, and states what is missing
 *     GET  evidence   how its hardware evidence stands
 *     POST attest     has the hardware make new evidence; answers at once, `GET evidence` tells how far it is
 *     POST refresh    the same, for what vendors say of evidence that there is
 */
import { AnswerableError } from '@answerable/core'
import { Hono } from 'hono'
import type { RegistryBook } from '../registry/book.ts'
import { type Attesting, NO_EVIDENCE } from './attesting.ts'
import { NODE_NAME, type Operator } from './operator.ts'

export interface NodeAppOptions {
  book: RegistryBook
  operator: Operator
  member: string
  /** Where the registry is told that this process is. */
  url(): string | undefined
  /** The inference log that is written now. */
  origin: string
  /** Where it has hardware evidence. */
  attesting: Attesting | undefined
}

export function nodeApp({ book, operator, member, url, origin, attesting }: NodeAppOptions): Hono {
  const app = new Hono()
  const standing = () => ({
    member,
    status: book.state.members.get(member)?.status ?? null,
    url: url() ?? null,
    node: book.state.nodes.get(`${member}/${NODE_NAME}`) ?? null,
    log: book.state.logs.get(origin) ?? null,
    origin,
    evidence: attesting?.status ?? { statement: NO_EVIDENCE },
  })
  app.get('/', c => c.json(standing()))
  app.post('/register', async c => {
    await operator.reconcile()
    return c.json(standing())
  })
  const required = (): Attesting => {
    if (attesting === undefined) throw new AnswerableError('not-found', NO_EVIDENCE)
    return attesting
  }
  app.get('/evidence', c => c.json(required().status))
  app.post('/attest', c => {
    void required()
      .attest()
      .catch(() => undefined)
    return c.json(required().status)
  })
  app.post('/refresh', c => {
    void required()
      .refresh()
      .catch(() => undefined)
    return c.json(required().status)
  })
  return app
}
