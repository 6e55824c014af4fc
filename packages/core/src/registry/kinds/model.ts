/** A model, by the digest of its signed manifest. A name belongs to whoever used it first; a version is said once. */
import { line, shape, text } from '../fields.ts'
import type { Kind } from '../kind.ts'
import type { ModelRecord } from '../records.ts'

type Body = Pick<
  ModelRecord,
  'name' | 'version' | 'manifest' | 'licence' | 'intendedUse' | 'limits' | 'format'
>

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$/

export const model: Kind<Body> = {
  purposes: ['member'],
  roles: ['publisher'],
  parse: body => ({
    name: shape.string(body.name, 'name', 128, NAME, 'a model name'),
    version: shape.string(body.version, 'version', 64, VERSION, 'a version'),
    manifest: shape.digest(body.manifest, 'manifest'),
    licence: line(body.licence, 'licence', 128),
    intendedUse: text(body.intendedUse, 'intendedUse'),
    limits: text(body.limits, 'limits'),
    format: line(body.format, 'format', 32),
  }),
  check(state, { body: { name, version }, by }) {
    if (state.models.has(`${name}@${version}`)) return 'name-taken'
    const owner = state.modelOwners.get(name)
    return owner !== undefined && owner !== by.member.id ? 'name-taken' : undefined
  },
  apply(state, { body, by, index }) {
    const { name, version, ...rest } = body
    const stated = state.moment(index)
    state.modelOwners.set(name, by.member.id)
    state.models.set(`${name}@${version}`, {
      name,
      version,
      publisher: by.member.id,
      ...rest,
      stated,
      withdrawn: null,
    })
  },
}
