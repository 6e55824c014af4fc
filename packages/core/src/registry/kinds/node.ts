/** A node of an operator: where it answers, what it says of itself, which log it writes, which models it serves. */
import { shape, slug, url } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { keysTaken, registerKeys } from '../membership.ts'

export interface NodeBody {
  name: string
  url: string
  descriptor: string
  /** vkey of its inference log. */
  log: string
  /** Manifest digests. */
  models: string[]
}

const MOST_MODELS = 256
/**
 * Descriptions before the present one that are kept, for records made under them, counted with the models in each:
 * the record is hashed anew when it changes. Then the node takes another name.
 */
const MOST_BEFORE = 2048

export const node: Kind<NodeBody> = {
  purposes: ['member'],
  roles: ['operator'],
  parse(body, suite) {
    const log = shape.string(body.log, 'log', 4096)
    parseKeyText(log, 'log', suite)
    return {
      name: slug(body.name, 'name'),
      url: url(body.url, 'url'),
      descriptor: shape.digest(body.descriptor, 'descriptor'),
      log,
      models: shape
        .array(body.models, 'models', MOST_MODELS)
        .map((one, i) => shape.digest(one, `models[${i}]`)),
    }
  },
  brings: ({ log }) => [
    { member: { id: '', ownerGroup: '', roles: [], status: 'active' }, keys: [{ purpose: 'log', key: log }] },
  ],
  check(state, { body: { name, log }, by, suite }) {
    const { id, vkey } = parseKeyText(log, 'log', suite)
    const known = state.logs.get(vkey!.name)
    const node = `${by.member.id}/${name}`
    if (known !== undefined && (known.node !== node || known.vkey !== log)) return 'log-taken'
    if (state.hosts.has(vkey!.name)) return 'log-taken'
    const key = state.keys.get(id)
    if (key !== undefined && (key.member !== by.member.id || key.purpose !== 'log')) return 'key-taken'
    if (key?.revoked) return 'key-revoked'
    const before = (state.nodes.get(node)?.before ?? []).reduce(
      (sum, { models }) => sum + 1 + models.length,
      0,
    )
    if (before >= MOST_BEFORE) return 'too-many'
    return keysTaken(state, by.member.id, [{ purpose: 'log', key: log }], suite)
  },
  cosigned: true,
  apply(state, { body, by, index, suite }) {
    const { name, url: base, descriptor, log, models } = body
    const { id, vkey } = parseKeyText(log, 'log', suite)
    const member = by.member.id
    const stated = state.moment(index)
    const node = `${member}/${name}`
    const old = state.nodes.get(node)
    const before = old === undefined ? [] : [...old.before]
    if (old !== undefined)
      before.push({ descriptor: old.descriptor, models: old.models, stated: old.stated, until: stated })
    state.nodes.set(node, { id: node, member, url: base, descriptor, models, stated, before })
    if (!state.logs.has(vkey!.name)) {
      state.logs.set(vkey!.name, {
        origin: vkey!.name,
        vkey: log,
        node,
        member,
        stated,
        anchor: null,
        forked: null,
        silent: null,
      })
    }
    if (!state.keys.has(id))
      registerKeys(state, member, [{ purpose: 'log', key: log, until: null }], index, by.keyid, suite)
  },
}
