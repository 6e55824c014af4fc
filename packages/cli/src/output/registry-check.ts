/** A registry's replay, for people and for programs. */
import { toHex } from '@answerable/core'
import { hostUrl } from '@answerable/core/registry'
import type { Replayed, SeenTree } from '../registry/replay.ts'
import { ownerWords } from '../registry/words.ts'
import { bad, bold, dim, good } from './style.ts'
import { count, labelled, plain, wrap } from './text.ts'
import { time } from './time.ts'

export function checkLines(
  replayed: Replayed,
  seen: SeenTree | undefined,
  evidence: string | undefined,
): string[] {
  const { state, registry, where, checkpoint, faults, kinds, voids } = replayed
  const { host } = state
  const hosts = [...state.hosts.values()]
  const by = [...kinds].sort((a, b) => b[1] - a[1]).map(([kind, number]) => `${number} ${plain(kind)}`)
  const lines = [
    bold(plain(state.name)),
    `  charter      ${state.network}`,
    ...labelled('at', plain(where)),
    ...labelled(
      'host',
      host === undefined
        ? 'none'
        : `${plain(host.member)}, at ${plain(hostUrl(state)!)}, since entry ${host.from}`,
    ),
    ...(hosts.length > 1
      ? labelled(
          'before',
          hosts
            .slice(0, -1)
            .map(one => `${plain(one.member)} from entry ${one.from}`)
            .join(', '),
        )
      : []),
    ...labelled(
      'checkpoint',
      `${count(checkpoint.size, 'entry', 'entries')}, of ${plain(checkpoint.origin)}`,
    ),
    `  root         ${toHex(checkpoint.root)}`,
    ...labelled('quorum', replayed.owners.length === 0 ? 'not looked at' : ownerWords(replayed)),
    ...labelled('effective', by.join(', ') || 'none'),
    ...labelled('void', voidWords(voids)),
    ...labelled('digests', digestWords(replayed)),
    ...labelled(
      'time',
      state.time === 0
        ? 'none yet: no quorum has ticked'
        : `${time(state.time)}, epoch ${state.epoch}, rules version ${state.rules}`,
    ),
    ...labelled('history', historyWords(replayed, seen)),
  ]
  if (faults.length === 0)
    return [
      ...lines,
      good(`The registry is whole: all ${registry.size} entries were replayed here.`),
      ...wrap(
        'Not shown: that members are who they say, and that nothing was kept out before a validator stamped it.',
      ).map(dim),
    ]
  lines.push(bad(`${count(faults.length, 'fault')}:`))
  for (const { kind, message } of faults) lines.push(...wrap(`- ${plain(message)} (${kind})`, 2))
  if (evidence !== undefined) lines.push(...wrap(`Both signed checkpoints are kept as evidence: ${evidence}`))
  return lines
}

function voidWords(voids: Replayed['voids']): string {
  if (voids.size === 0) return 'none'
  return [...voids]
    .sort((a, b) => b[1].count - a[1].count)
    .map(([rule, { count: number, first }]) => `${number} by ${plain(rule)} (the first is entry ${first})`)
    .join(', ')
}

/** Who signed the state that was replayed here, at the newest size that is due. */
function digestWords({ registry, state }: Replayed): string {
  const { due } = registry
  if (due === undefined) return `none is due before entry ${state.terms.digestEvery}`
  const signed = [...(state.digests.get(due.size) ?? new Map()).keys()]
  const validators = [...state.members.values()].filter(
    ({ status, roles }) => status === 'active' && roles.includes('validator'),
  )
  const names = signed.length > 0 ? `: ${signed.map(plain).join(', ')}` : ' yet'
  return `${signed.length} of ${count(validators.length, 'validator')} signed the state at ${due.size}, which is the one made here${names}`
}

function historyWords({ faults, checkpoint }: Replayed, seen: SeenTree | undefined): string {
  if (seen === undefined) return 'seen for the first time; from now on it is held against this'
  if (faults.some(({ kind }) => kind === 'forked'))
    return `does not continue the ${seen.size} entries seen before`
  if (seen.size > checkpoint.size) return `${seen.size} entries were seen before`
  return `continues the ${seen.size} entries seen before`
}

export function checkJson(replayed: Replayed, evidence: string | undefined) {
  const { state, registry, where, checkpoint, faults, kinds, voids, owners } = replayed
  const { due } = registry
  return {
    whole: faults.length === 0,
    network: state.network,
    name: state.name,
    where,
    host: state.host === undefined ? null : { ...state.host, url: hostUrl(state) },
    hosts: [...state.hosts.values()],
    size: checkpoint.size,
    root: toHex(checkpoint.root),
    owners: owners.map(({ name, reached }) => ({ name: name.replace(/^owner-/, ''), cosigned: reached })),
    rules: state.rules,
    time: state.time === 0 ? null : new Date(state.time).toISOString(),
    epoch: state.epoch,
    effective: Object.fromEntries(kinds),
    void: Object.fromEntries(voids),
    state: {
      digest: registry.digest(),
      due:
        due === undefined
          ? null
          : { ...due, signedBy: [...(state.digests.get(due.size) ?? new Map()).keys()] },
    },
    faults,
    ...(evidence !== undefined && { evidence }),
  }
}
