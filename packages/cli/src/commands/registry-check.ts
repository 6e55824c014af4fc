/** A whole registry, replayed from any mirror: its tree, its host, its quorum, what is void, what validators signed. */
import { AnswerableError, errorCode } from '@answerable/core'
import { keepEvidence } from '../audit/evidence.ts'
import { expectPositionals, readArguments } from '../command.ts'
import { readUrl } from '../http.ts'
import { checkJson, checkLines } from '../output/registry-check.ts'
import { print, printJson } from '../output/style.ts'
import { registryNetwork } from '../registry/charter.ts'
import { clientOf, openMemberFolder, sourcesOf } from '../registry/member-folder.ts'
import { type RegistrySource, type Replayed, replay } from '../registry/replay.ts'
import { SeenRegistry } from '../registry/seen.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    data: { type: 'string' },
    network: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const url = positionals.length > 0 ? expectPositionals(positionals, 'URL')[0] : undefined
  if (url !== undefined && values.data !== undefined)
    throw new AnswerableError('bad-request', 'a URL and --data: give one of them')
  if (values.network !== undefined && !/^[0-9a-f]{64}$/.test(values.network))
    throw new AnswerableError('bad-request', '--network: expected the 64 hex digits of a charter’s digest')
  const { replayed, seen } = await (url === undefined
    ? ofFolder(values.data)
    : check(clientOf(readUrl(url).href), values.network))
  let evidence: string | undefined
  if (seen !== undefined && replayed.faults.some(({ kind }) => kind === 'forked'))
    evidence = keepEvidence(replayed.checkpoint.origin, 'two histories of one registry', [
      { what: `seen before (${seen.where})`, note: seen.note },
      { what: `published at ${replayed.where}`, note: replayed.note },
    ])
  const whole = replayed.faults.length === 0
  if (whole) new SeenRegistry(replayed.state.network).put(replayed.note)
  if (values.json) printJson(checkJson(replayed, evidence))
  else print(...checkLines(replayed, seen, evidence))
  return whole ? 0 : 1
}

type Checked = { replayed: Replayed; seen: ReturnType<SeenRegistry['get']> }

async function check(source: RegistrySource, network: string | undefined): Promise<Checked> {
  const pinned = network ?? (await registryNetwork(source))
  const seen = new SeenRegistry(pinned).get()
  return { replayed: await replay(source, { network: pinned, ...(seen && { seen: [seen] }) }), seen }
}

/** From the first place that can be looked at: the member's own process, those that it knows, its folder. */
async function ofFolder(data: string | undefined): Promise<Checked> {
  const member = await openMemberFolder(data)
  let failure: unknown
  for (const source of sourcesOf(member)) {
    try {
      return await check(source, member.network)
    } catch (error) {
      if (errorCode(error) !== 'unavailable') throw error
      failure ??= error
    }
  }
  throw failure ?? new AnswerableError('unavailable', `${member.folder}: nobody is known to ask`)
}
