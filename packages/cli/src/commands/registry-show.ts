/** What a registry holds: an overview, the records of one sort, or one entry with what came of it. */
import { AnswerableError } from '@answerable/core'
import {
  COLLECTIONS,
  type CollectionName,
  type Outcome,
  openEntry,
  parseRegistryPayload,
} from '@answerable/core/registry'
import { expectPositionals, readArguments } from '../command.ts'
import { layOut } from '../output/json-layout.ts'
import { recordTable } from '../output/records.ts'
import { ruleWords } from '../output/rule-words.ts'
import { bad, bold, good, print, printJson } from '../output/style.ts'
import { count, labelled, plain, plainLines, wrap } from '../output/text.ts'
import { time } from '../output/time.ts'
import type { Replayed } from '../registry/replay.ts'
import { stateOf } from '../registry/state-of.ts'
import { period } from '../registry/words.ts'

interface Found {
  entry: Uint8Array
  outcome: Outcome
}

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    url: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [what] = positionals.length === 0 ? [undefined] : expectPositionals(positionals, 'WHAT')
  const collection = COLLECTIONS.find(name => name === what)
  const wanted = collection === undefined ? what : undefined
  // By index: a replay may be begun again.
  const found = new Map<number, Found>()
  const replayed = await stateOf(values, {
    onEntry(entry, outcome) {
      if (wanted !== undefined && isWanted(outcome, wanted)) found.set(outcome.index, { entry, outcome })
    },
  })
  if (what === undefined) overview(replayed, values.json)
  else if (collection !== undefined) showCollection(replayed, collection, values.json)
  else if (found.size > 0) showEntries(replayed, [...found.values()], values.json)
  else
    throw new AnswerableError(
      'not-found',
      `no entry ${plain(what)}: expected a number below ${replayed.registry.size}, a statement’s digest, or one of ${COLLECTIONS.join(', ')}`,
    )
  return 0
}

function isWanted({ index, digest }: Outcome, what: string): boolean {
  return String(index) === what || (/^[0-9a-f]{8,64}$/.test(what) && digest?.startsWith(what) === true)
}

function overview({ state, registry, where }: Replayed, json: boolean): void {
  const counts = Object.fromEntries(COLLECTIONS.map(name => [name, state[name].size]))
  if (json) {
    printJson({
      network: state.network,
      name: state.name,
      size: registry.size,
      terms: state.terms,
      collections: counts,
    })
    return
  }
  const { terms } = state
  print(
    bold(plain(state.name)),
    `  charter      ${state.network}`,
    ...labelled('read from', plain(where)),
    ...labelled('entries', String(registry.size)),
    ...labelled('records', COLLECTIONS.map(name => `${counts[name]} ${name}`).join(', ')),
    ...labelled('quorum', `over ${terms.quorum[0]}/${terms.quorum[1]} of the owners`),
    ...labelled('epochs', `of ${period(terms.epochSeconds)}; ticks every ${period(terms.tickSeconds)}`),
    ...labelled(
      'deadlines',
      `hand-ins ${period(terms.handInSeconds)}, challenges ${period(terms.challengeSeconds)}`,
    ),
    ...labelled(
      'joining',
      `${period(terms.waitingSeconds)} of waiting; applications are open for ${period(terms.openSeconds)}`,
    ),
    ...labelled(
      'limits',
      `${terms.statementsPerEpoch} statements and ${terms.handInsPerEpoch} hand-ins a member and epoch`,
    ),
  )
}

function showCollection({ state, registry }: Replayed, name: CollectionName, json: boolean): void {
  const records = [...state[name].entries()]
  if (json) printJson({ network: state.network, size: registry.size, [name]: Object.fromEntries(records) })
  else print(bold(count(records.length, name.replace(/s$/, ''), name)), ...recordTable(name, records))
}

function showEntries(replayed: Replayed, found: readonly Found[], json: boolean): void {
  if (!json) {
    for (const one of found) print(...entryLines(replayed, one))
    return
  }
  const entries = found.map(({ entry, outcome }) => ({
    ...outcome,
    statement: attempt(() => parseRegistryPayload(openEntry(entry).payload)) ?? null,
    envelope: Buffer.from(entry).toString(),
  }))
  printJson(entries.length === 1 ? entries[0] : entries)
}

function entryLines({ state }: Replayed, { entry, outcome }: Found): string[] {
  const opened = attempt(() => openEntry(entry))
  const statement = opened && attempt(() => parseRegistryPayload(opened.payload))
  const signers = opened?.signatures.map(({ keyid }) => {
    const key = state.keys.get(keyid)
    return key === undefined ? plain(keyid).slice(0, 16) : `${plain(key.member)} (${key.purpose})`
  })
  return [
    bold(`Entry ${outcome.index}${outcome.kind === undefined ? '' : `: ${plain(outcome.kind)}`}`),
    ...(outcome.digest === undefined ? [] : [`  digest       ${outcome.digest}`]),
    ...labelled('came of it', outcome.effective ? good('effective') : bad('void')),
    ...(outcome.effective ? [] : wrap(ruleWords(outcome.rule!, outcome.detail), 15)),
    ...(statement === undefined
      ? []
      : labelled('by', `${plain(statement.by)}, on ${time(statement.time)} by its own clock`)),
    ...(signers === undefined ? [] : labelled('signed by', signers.join(', '))),
    ...(statement === undefined ? [] : plainLines(layOut(JSON.stringify(statement.body))).split('\n')),
  ]
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
