/**
 * Opening records over HTTP, to be mounted under `/audit`:
 *
 *     POST disclosure   a request's envelope; answered with a signed answer and the record, encrypted to its key
 *
 * Errors have the codes of `service.ts`; where the operator signed its refusal, that stands beside the error.
 */

import { MAX_SIGNED_BYTES } from '@answerable/core/audit'
import { Hono } from 'hono'
import { errorBody } from '../gateway/http.ts'
import { bodyOf } from '../registry/app.ts'
import { type DisclosureService, Refused } from './service.ts'

export function auditApp(service: Pick<DisclosureService, 'serve'>): Hono {
  const app = new Hono()
  app.post('/disclosure', async c => {
    const body = await bodyOf(c.req.raw, MAX_SIGNED_BYTES)
    try {
      return c.json(await service.serve(body), 200, { 'cache-control': 'no-store' })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { status, body: plain } = errorBody(error)
      const { refusal, shown } = error
      const answer = { ...(JSON.parse(plain.toString()) as object), refusal, ...(shown && { shown }) }
      return new Response(JSON.stringify(answer), {
        status,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      })
    }
  })
  return app
}
