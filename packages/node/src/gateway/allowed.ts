/** The methods that a path is there for, to say so where another one is tried (RFC 9110, 15.5.6). */
import { AnswerableError } from '@answerable/core'
import type { Hono, MiddlewareHandler } from 'hono'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Refuses a method that a path does not take, where it takes others. `more`: methods that are answered elsewhere. */
export function refuseOtherMethods(app: Hono, more: (path: string) => readonly string[]): MiddlewareHandler {
  const takes = (method: string, path: string) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method)
  return async (c, next) => {
    const { method, path } = c.req
    if (takes(method === 'HEAD' ? 'GET' : method, path)) return next()
    const allowed = [...METHODS.filter(one => takes(one, path)), ...more(path)]
    if (allowed.length === 0) return next()
    if (allowed.includes('GET')) allowed.splice(1, 0, 'HEAD')
    throw new MethodNotAllowed(method, allowed)
  }
}

export class MethodNotAllowed extends AnswerableError {
  readonly allowed: readonly string[]

  constructor(method: string, allowed: readonly string[]) {
    super('method-not-allowed', `${method.slice(0, 32)} is not taken here; there is ${allowed.join(', ')}`)
    this.allowed = allowed
  }
}
