/** Everything but the calls: receipts, logs, documents, models, health, and the page. */
import { AnswerableError } from '@answerable/core'
import { formatReceipt, RECEIPT_MEDIA_TYPE, type Receipt } from '@answerable/core/receipt'
import { Hono } from 'hono'
import type { Documents } from '../record/documents.ts'
import type { Receipts } from '../record/receipts.ts'
import { MethodNotAllowed, refuseOtherMethods } from './allowed.ts'
import type { Backend } from './backend.ts'
import type { CallProtocol } from './call-paths.ts'
import { errorBody } from './http.ts'
import { findModel, type ServedModels } from './kserve.ts'
import type { Metrics } from './metrics.ts'
import { listModels } from './openai.ts'
import { namesOf, type Routes } from './opinions/routes.ts'

export interface PublicOptions {
  receipts: Pick<Receipts, 'get'>
  /** Adds what the registry says of a receipt, where a sealed one is asked for. */
  seal(receipt: Receipt): Promise<void>
  /** For whom a record was opened, told to its holder. */
  accesses(id: string, secret: string): Promise<unknown>
  /** Erases a record's content for its holder. */
  erase(id: string, secret: string): Promise<void>
  documents: Documents
  /** Of the paths that take calls, which do not come here. */
  callProtocol(path: string): CallProtocol | undefined
  backends: readonly Backend[]
  models: ServedModels
  /** Names under which several models are asked. */
  routes: Routes
  metrics: Metrics
  /** Sub-apps by path prefix: logs, witnesses, the page. */
  mounts: Record<string, Hono>
  /** What a reader is offered to trust, as JSON. */
  trust(): unknown
  /** How things stand, for the page and for people. */
  status(): Record<string, unknown>
  writable(): boolean
  report(error: unknown): void
}

export function publicApp(options: PublicOptions): Hono {
  const { receipts, seal, accesses, erase, documents, backends, models, routes, metrics, mounts } = options
  const { callProtocol, trust, status, writable, report } = options
  const app = new Hono()
  // Receipts may be checked by any page, and they are opened by a secret that no browser sends by itself.
  app.use('/receipts/*', async (c, next) => {
    if (c.req.method === 'OPTIONS') return c.body(null, 204, CORS)
    await next()
    c.res.headers.set('access-control-allow-origin', '*')
  })
  app.use(refuseOtherMethods(app, path => (callProtocol(path) === undefined ? [] : ['POST'])))
  app.get('/receipts/:id', async c => {
    const secret = secretOf(c.req.header('authorization'))
    const receipt = await receipts.get(c.req.param('id'), secret)
    if (c.req.query('sealed') !== undefined) await seal(receipt)
    return c.body(formatReceipt(receipt), 200, {
      'content-type': RECEIPT_MEDIA_TYPE,
      'cache-control': 'private, no-store',
    })
  })
  app.get('/receipts/:id/accesses', async c => {
    const secret = secretOf(c.req.header('authorization'))
    if (secret === undefined)
      throw new AnswerableError('unauthorized', 'this is told to whoever has the holder secret, as bearer')
    return c.json(await accesses(c.req.param('id'), secret), 200, { 'cache-control': 'private, no-store' })
  })
  // The holder's own right: the secret that opens a record also erases its content, once no audit can draw it.
  app.delete('/receipts/:id', async c => {
    const secret = secretOf(c.req.header('authorization'))
    if (secret === undefined)
      throw new AnswerableError('unauthorized', 'erasing takes the holder secret as bearer')
    await erase(c.req.param('id'), secret)
    return c.body(null, 204)
  })
  app.get('/documents/:digest', async c => {
    const bytes = await documents.get(c.req.param('digest'))
    if (bytes === undefined) throw new AnswerableError('not-found', 'no such document here')
    return c.body(new Uint8Array(bytes), 200, { 'content-type': 'application/octet-stream' })
  })
  app.get('/trust', c => c.json(trust()))
  app.get('/status', c => c.json(status()))
  app.get('/healthz', c => (writable() ? c.text('ok\n') : c.text('not writable\n', 503)))
  app.get('/metrics', async c =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
  app.get('/v1/models', c => c.json(listModels(backends, routes)))
  app.get('/v2', c => c.json({ name: 'answerable', version: VERSION, extensions: [] }))
  app.get('/v2/health/live', c => c.json({ live: true }))
  app.get('/v2/health/ready', c => c.json({ ready: writable() }, writable() ? 200 : 503))
  app.get('/v2/models', c => c.json({ models: [...models.keys(), ...namesOf(routes, 'kserve')] }))
  // What is asked of several models has the inputs and outputs of the first.
  const metadataOf = (name: string, version: string | undefined) => {
    const first = version === undefined ? routes.get(name)?.metadata : undefined
    return first ?? findModel(models, name, version).metadata
  }
  for (const version of ['', '/versions/:version']) {
    app.get(`/v2/models/:name${version}/ready`, c => {
      const { name } = metadataOf(c.req.param('name'), c.req.param('version'))
      return c.json({ name, ready: writable() }, writable() ? 200 : 503)
    })
    app.get(`/v2/models/:name${version}`, c =>
      c.json(metadataOf(c.req.param('name'), c.req.param('version'))),
    )
  }
  for (const [path, mount] of Object.entries(mounts)) app.route(path, mount)
  app.notFound(c =>
    errorResponse(
      new AnswerableError('not-found', `no such path here: ${c.req.path.slice(0, 200)}`),
      c.req.path,
    ),
  )
  app.onError((error, c) => {
    if (!(error instanceof AnswerableError)) report(error)
    return errorResponse(error, c.req.path)
  })
  return app
}

/** The holder secret of an Authorization header, if there is one. */
function secretOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  const secret = /^Bearer ([A-Za-z0-9_-]{43})$/i.exec(authorization)?.[1]
  if (secret === undefined)
    throw new AnswerableError(
      'forbidden',
      'Authorization: expected Bearer and the 43 characters of a holder secret',
    )
  return secret
}

export const VERSION = '0.1.0'

function errorResponse(error: unknown, path: string): Response {
  const { status, body } = errorBody(error, path)
  const headers = new Headers({ 'content-type': 'application/json' })
  if (error instanceof MethodNotAllowed) headers.set('allow', error.allowed.join(', '))
  return new Response(new Uint8Array(body), { status, headers })
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization',
  'access-control-allow-methods': 'GET, DELETE',
  'access-control-max-age': '86400',
}
