/** One member: who it says it is, its keys, its nodes and logs, and what it still takes where it applies. */
import { AnswerableError } from '@answerable/core'
import type { RegisteredKey } from '@answerable/core/registry'
import { expectPositionals, readArguments } from '../command.ts'
import { applicationLines } from '../output/application.ts'
import { bold, print, printJson } from '../output/style.ts'
import { labelled, plain } from '../output/text.ts'
import { time } from '../output/time.ts'
import { stateOf } from '../registry/state-of.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    url: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [id] = expectPositionals(positionals, 'ID')
  const { state } = await stateOf(values)
  const member = state.members.get(id)
  if (member === undefined)
    throw new AnswerableError(
      'not-found',
      `no member ${plain(id)}; there are ${[...state.members.values()].map(one => plain(one.id)).join(', ')}`,
    )
  const keys = state.keysOfMember(id)
  const nodes = [...state.nodes.values()].filter(node => node.member === id)
  const logs = [...state.logs.values()].filter(log => log.member === id)
  const application = [...state.applications.values()].findLast(
    one => one.member.id === id && one.status !== 'active',
  )
  if (values.json) {
    printJson({ member, keys: Object.fromEntries(keys), nodes, logs, application: application ?? null })
    return 0
  }
  const moment = member.ended ?? member.since
  const since = moment.time === 0 ? '' : `, since ${time(moment.time)}`
  print(
    bold(plain(id)),
    ...labelled('name', plain(member.name)),
    ...labelled('status', `${member.status}${since} (entry ${moment.index})`),
    ...labelled('owner', plain(member.ownerGroup)),
    ...labelled('roles', member.roles.join(', ')),
    ...labelled('where', `${member.jurisdiction}; hosting: ${plain(member.hosting)}`),
    ...labelled('address', member.url === null ? 'none' : plain(member.url)),
    ...labelled(
      'evidence',
      member.evidence === null
        ? 'none given of a legal entity'
        : `${plain(member.evidence.description)}, SHA-256 ${member.evidence.sha256}`,
    ),
    ...keys.flatMap(([key, record]) => [...labelled('key', keyWords(record)), `               ${key}`]),
    ...nodes.flatMap(node =>
      labelled('node', `${plain(node.id)}, at ${plain(node.url)}, ${node.models.length} models`),
    ),
    ...logs.flatMap(({ origin, anchor, forked, silent }) =>
      labelled(
        'log',
        [
          plain(origin),
          anchor === null ? 'not anchored yet' : `${anchor.size} records anchored in epoch ${anchor.epoch}`,
          ...(forked === null ? [] : ['FORKED: two roots were shown']),
          ...(silent === null ? [] : ['did not answer a challenge']),
        ].join(', '),
      ),
    ),
    ...(application === undefined ? [] : ['', ...applicationLines(state, application)]),
  )
  return 0
}

function keyWords({ purpose, key, until, revoked, added }: RegisteredKey): string {
  const name = key.startsWith('spki:') ? '' : `, ${plain(key.slice(0, key.indexOf('+')))}`
  const end = until === null ? '' : `, until ${time(until)}`
  const gone = revoked === null ? '' : `; REVOKED as of ${time(revoked.since)}: ${plain(revoked.reason)}`
  return `${purpose}${name}, since entry ${added.index}${end}${gone}`
}
