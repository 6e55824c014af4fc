/**
 * What this process states of its node, to be mounted under `/node` on the first listener alone:
 *
 *     GET  /          what the registry holds of it
 *     POST register   compares now, and states what is missing
 */
import { Hono } from 'hono'
import type { RegistryBook } from '../registry/book.ts'
import { NODE_NAME, type Operator } from './operator.ts'

export interface NodeAppOptions {
  book: RegistryBook
  operator: Operator
  member: string
  /** Where the registry is told that this process is. */
  url(): string | undefined
  /** The inference log that is written now. */
  origin: string
}

export function nodeApp({ book, operator, member, url, origin }: NodeAppOptions): Hono {
  const app = new Hono()
  const standing = () => ({
    member,
    status: book.state.members.get(member)?.status ?? null,
    url: url() ?? null,
    node: book.state.nodes.get(`${member}/${NODE_NAME}`) ?? null,
    log: book.state.logs.get(origin) ?? null,
    origin,
  })
  app.get('/', c => c.json(standing()))
  app.post('/register', async c => {
    await operator.reconcile()
    return c.json(standing())
  })
  return app
}
