/** The charter: entry 0. Names the founders, their keys, the terms and the first host. Signed by each founder. */
import type { VerifierKey } from '../../note/vkey.ts'
import { keyTexts, line, memberFields, shape, url } from '../fields.ts'
import { keyName, parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { keysTaken, registerKeys } from '../membership.ts'
import type { Application } from '../records.ts'
import { DEFAULT_TERMS, parseTerms, type Terms, termsUnder } from '../terms.ts'

export interface Charter {
  name: string
  /** The version of the rules that it begins with. */
  rules: number
  terms: Partial<Terms>
  founders: { member: Application['member']; keys: Application['keys'] }[]
  host: { vkey: string; key: VerifierKey; member: string; url: string }
}

const MAX_FOUNDERS = 16
const MOST_RULES = 1000

export const charter: Kind<Charter> = {
  purposes: ['member'],
  parse(body, suite) {
    const at = shape.object(body.host, 'host')
    const vkey = shape.string(at.vkey, 'host.vkey', 4096)
    const version = body.rules === undefined ? 1 : shape.count(body.rules, 'rules')
    const parsed: Charter = {
      name: line(body.name, 'name', 64),
      rules: version,
      terms: parseTerms(body.terms ?? {}, version),
      founders: shape.array(body.founders, 'founders', MAX_FOUNDERS).map((item, i) => {
        const fields = shape.object(item, `founders[${i}]`)
        return {
          member: memberFields(fields.member, `founders[${i}].member`),
          keys: keyTexts(fields.keys, `founders[${i}].keys`, suite),
        }
      }),
      host: {
        vkey,
        key: parseKeyText(vkey, 'host', suite).vkey!,
        member: shape.string(at.member, 'host.member', 64),
        url: url(at.url, 'host.url'),
      },
    }
    const { founders, rules } = parsed
    if (rules < 1 || rules > MOST_RULES) shape.fail('rules', `1 to ${MOST_RULES}`)
    if (founders.length === 0) shape.fail('founders', 'at least one')
    if (new Set(founders.map(({ member: { id } }) => id)).size < founders.length)
      shape.fail('founders', 'members of different ids')
    for (const [i, { keys }] of founders.entries())
      if (!keys.some(({ purpose }) => purpose === 'member'))
        shape.fail(`founders[${i}].keys`, 'a member key among them')
    const host = founders.find(({ member: { id } }) => id === parsed.host.member)
    if (!host?.keys.some(({ purpose, key }) => purpose === 'host' && key === vkey))
      shape.fail('host', 'one of the founders, by a host key that it brings')
    if (!founders.some(({ member: { roles } }) => roles.includes('validator')))
      shape.fail('founders', 'a validator among them')
    return parsed
  },
  selfSigned: true,
  cosigned: true,
  brings: ({ founders }) =>
    founders.map(({ member, keys }) => ({ member: { ...member, status: 'active' }, keys })),
  check(state, { body, signers, suite }) {
    if (state.network !== '') return 'charter-exists'
    const signed = new Set(signers.map(({ member }) => member.id))
    if (body.founders.some(({ member }) => !signed.has(member.id))) return 'quorum-not-met'
    const ids = body.founders.flatMap(({ keys }) =>
      keys.map(one => parseKeyText(one.key, one.purpose, suite).id),
    )
    if (new Set(ids).size < ids.length) return 'key-taken'
    const owners = new Map<string, string>()
    for (const { member, keys } of body.founders) {
      const rule = keysTaken(state, member.id, keys, suite)
      if (rule !== undefined) return rule
      for (const { key } of keys) {
        const name = keyName(key) ?? key
        if ((owners.get(name) ?? member.id) !== member.id) return 'name-taken'
        owners.set(name, member.id)
      }
    }
    return undefined
  },
  apply(state, { body, digest, index, suite }) {
    state.network = digest
    state.name = body.name
    state.rules = body.rules
    state.terms = termsUnder(state.rules, { ...DEFAULT_TERMS, ...body.terms })
    for (const { member, keys } of body.founders) {
      state.members.set(member.id, {
        ...member,
        status: 'active',
        since: state.moment(index),
        ended: null,
      })
      registerKeys(state, member.id, keys, index, null, suite)
    }
    const { vkey, key, member, url: base } = body.host
    state.host = { origin: key.name, vkey, member, url: base, from: 0 }
    state.hosts.set(key.name, state.host)
  },
}
