/** A member's own words about itself, said anew. Roles and owner group take an application. */
import { line, optional, shape, url } from '../fields.ts'
import type { Kind } from '../kind.ts'
import type { Member } from '../records.ts'

type Fields = Pick<Member, 'name' | 'jurisdiction' | 'hosting' | 'url'>

export const member: Kind<Partial<Fields>> = {
  purposes: ['member'],
  standing: ['active', 'suspended'],
  parse(body) {
    const fields: Partial<Fields> = {}
    if (body.name !== undefined) fields.name = line(body.name, 'name')
    if (body.jurisdiction !== undefined)
      fields.jurisdiction = shape.string(body.jurisdiction, 'jurisdiction', 2, /^[A-Z]{2}$/, 'two capitals')
    if (body.hosting !== undefined) fields.hosting = line(body.hosting, 'hosting')
    if (body.url !== undefined) fields.url = optional(body.url, one => url(one, 'url'))
    return fields
  },
  check: () => undefined,
  apply(state, { body, by }) {
    state.members.update(by.member.id, body)
  },
}
