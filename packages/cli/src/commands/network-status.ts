/** How a network stands: from its registry, replayed here, and what its validators say of the host. */
import { type Action, hostUrl, newestSeed } from '@answerable/core/registry'
import { expectPositionals, readArguments } from '../command.ts'
import { applicationLines } from '../output/application.ts'
import { bad, bold, dim, good, print, printJson, warn } from '../output/style.ts'
import { table } from '../output/table.ts'
import { count, labelled, plain, wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import { clientOf } from '../registry/member-folder.ts'
import type { Replayed } from '../registry/replay.ts'
import { stateOf } from '../registry/state-of.ts'
import { ownerWords, period, quorumWords } from '../registry/words.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    url: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  const replayed = await stateOf(values)
  const validators = await validatorsOf(replayed)
  if (values.json) printJson(asJson(replayed, validators))
  else print(...lines(replayed, validators))
  return 0
}

interface Validator {
  id: string
  owner: string
  /** Registry time of its last word of each sort; undefined for never. */
  tick: number | undefined
  digest: number | undefined
  reveal: number | undefined
  missed: number
  /** Of its process: undefined where that does not answer. */
  status: { complaint?: unknown; handIns?: unknown } | undefined
}

async function validatorsOf({ state, last }: Replayed): Promise<Validator[]> {
  const members = [...state.members.values()].filter(
    ({ status, roles }) => status === 'active' && roles.includes('validator'),
  )
  return Promise.all(
    members.map(async ({ id, ownerGroup, url }) => ({
      id,
      owner: ownerGroup,
      tick: last.get(id)?.get('tick')?.time,
      digest: last.get(id)?.get('state-digest')?.time,
      reveal: last.get(id)?.get('reveal')?.time,
      missed: state.chains.get(id)?.missed ?? 0,
      status: url === null ? undefined : await statusOf(url),
    })),
  )
}

async function statusOf(url: string): Promise<Validator['status']> {
  try {
    return (await clientOf(url).get('/validator/status')) as Validator['status']
  } catch {
    return undefined
  }
}

function lines(replayed: Replayed, validators: readonly Validator[]): string[] {
  const { state, registry, where, checkpoint } = replayed
  const { terms, host } = state
  const open = [...state.applications.values()].filter(
    ({ status }) => status === 'open' || status === 'waiting',
  )
  const proposals = [...state.proposals.values()].filter(({ status }) => status === 'open')
  const handIns = [...state.handIns.values()].filter(({ done }) => done === null)
  const overdue = handIns.filter(one => one.overdue).length
  const complaints = validators.flatMap(({ id, status }) =>
    typeof status?.complaint === 'string' ? [`${id}: ${plain(status.complaint)}`] : [],
  )
  const ago = (at: number | undefined) =>
    at === undefined
      ? 'never'
      : at === 0
        ? 'at the start'
        : `${period(Math.max(0, Math.round((state.time - at) / 1000)))} ago`
  return [
    bold(plain(state.name)),
    `  charter      ${state.network}`,
    ...labelled('read from', plain(where)),
    ...labelled('host', `${plain(host!.member)}, at ${plain(hostUrl(state)!)}, since entry ${host!.from}`),
    ...labelled('entries', `${registry.size}, by rules version ${state.rules}`),
    ...labelled('quorum', `${ownerWords(replayed)} at ${checkpoint.size}`),
    ...labelled('time', state.time === 0 ? 'none yet: no quorum has ticked' : time(state.time)),
    ...labelled('epoch', epochWords(replayed)),
    ...labelled('waiting', waitingWords(open.length, proposals.length)),
    ...labelled(
      'handed in',
      `${handIns.length} not in the log yet${overdue > 0 ? `, ${overdue} overdue` : ''}`,
    ),
    ...labelled(
      'complaints',
      complaints.length === 0 ? 'none' : `${complaints.length} of ${validators.length} validators`,
    ),
    ...complaints.flatMap(words => wrap(`- ${words}`, 4).map(bad)),
    '',
    ...table(
      ['validator', 'owner', 'ticked', 'digest', 'revealed', 'missed', 'answers'],
      validators.map(one => [
        one.id,
        one.owner,
        ago(one.tick),
        ago(one.digest),
        ago(one.reveal),
        String(one.missed),
        one.status === undefined ? 'no' : 'yes',
      ]),
    ),
    ...open.flatMap(one => ['', bold(`${plain(one.member.id)} applies`), ...applicationLines(state, one)]),
    ...proposals.flatMap(({ action, digest, by }) => [
      '',
      bold(
        `${plain(by)} proposes to ${action.action} ${'member' in action ? plain(action.member) : amendmentWords(action)}`,
      ),
      `  proposal     ${digest}`,
    ]),
    '',
    ...quorumWords(replayed).flatMap(words => wrap(words).map(warn)),
    ...(replayed.faults.length === 0
      ? [good('Its tree, its host’s signature and a quorum’s are good.')]
      : []),
    dim(`Deadlines: hand-ins ${period(terms.handInSeconds)}, ticks every ${period(terms.tickSeconds)}.`),
  ]
}

/** What it would take to know the next seed beforehand. */
function epochWords({ state }: Replayed): string {
  const seed = newestSeed(state)
  if (seed === undefined) return `${state.epoch}; no seed yet`
  const { groups } = state.epochs.get(String(seed.epoch))!
  const words = seed.predictable
    ? 'predictable: fewer than 2 owners revealed for it, so one could know it beforehand'
    : `by ${count(groups.length, 'owner')}: ${groups.map(plain).join(', ')}`
  return `${state.epoch}; the seed of ${seed.epoch} is ${words}`
}

function waitingWords(applications: number, proposals: number): string {
  return `${count(applications, 'application')}, ${count(proposals, 'proposal')}`
}

function asJson(replayed: Replayed, validators: readonly Validator[]) {
  const { state, registry, where, checkpoint, owners, faults } = replayed
  return {
    network: state.network,
    name: state.name,
    from: where,
    size: registry.size,
    witnessed: faults.every(({ kind }) => kind !== 'quorum'),
    checkpoint: checkpoint.size,
    rules: state.rules,
    time: state.time === 0 ? null : new Date(state.time).toISOString(),
    epoch: state.epoch,
    seed: newestSeed(state) ?? null,
    host: { ...state.host, url: hostUrl(state) },
    owners: owners.map(({ name, reached }) => ({ name: name.replace(/^owner-/, ''), cosigned: reached })),
    validators,
    applications: [...state.applications.values()].filter(({ status }) => status !== 'active'),
    proposals: [...state.proposals.values()],
    handIns: [...state.handIns.values()].filter(({ done }) => done === null),
    terms: state.terms,
  }
}

function amendmentWords({ terms, rules, at }: Extract<Action, { action: 'amend' }>): string {
  const changes = [
    ...Object.entries(terms).map(([name, value]) => `${name} to ${JSON.stringify(value)}`),
    ...(rules === null ? [] : [`the rules to version ${rules}`]),
  ]
  return `${changes.join(', ')} from entry ${at} on`
}
