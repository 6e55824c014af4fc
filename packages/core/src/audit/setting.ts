/**
 * In what two runs differ besides what they were asked: runtime, version, processor, configuration. A re-run says this
 * before anything else, since where they differ a result may as well, and nobody did wrong.
 */

/** As a model disclosure records it: somebody else's JSON, so anything may be in it. */
export type RecordedRuntime = unknown

/** What a runtime says of itself (`RuntimeDescription` of the node). */
export interface OwnRuntime {
  name: string
  version: string
  configuration: Readonly<Record<string, string | number | boolean>>
  processor: { architecture: string; model: string; features?: readonly string[] }
}

export interface SettingDifference {
  /** `version of the runtime`, `processor`, `option threads` ... */
  what: string
  recorded: string
  own: string
}

/** A runtime in short. */
export interface RuntimeSide {
  name: string
  version: string
  processor: string
}

export interface Setting {
  same: boolean
  /** The first of them, the weightiest first. */
  differences: SettingDifference[]
  /** How many more there are. */
  more: number
  recorded: RuntimeSide
  own: RuntimeSide
}

const MOST_DIFFERENCES = 6
const MOST_TEXT = 64
const MOST_NAME = 40

/** Compares the runtime on record with the one that ran again. */
export function sameSetting(recorded: RecordedRuntime, own: OwnRuntime): Setting {
  const theirs = objectOf(recorded)
  const processor = objectOf(theirs.processor)
  const all: SettingDifference[] = []
  const compare = (what: string, ours: unknown, said: unknown) => {
    if (valueText(ours) !== valueText(said))
      all.push({ what: plain(what, MOST_NAME), recorded: shown(said), own: shown(ours) })
  }
  compare('runtime', own.name, theirs.name)
  compare('version of the runtime', own.version, theirs.version)
  compare('processor architecture', own.processor.architecture, processor.architecture)
  compare('processor', own.processor.model, processor.model)
  const features = featureDifference(own.processor.features, processor.features)
  if (features !== undefined) all.push(features)
  const options = objectOf(theirs.configuration)
  for (const name of [...new Set([...Object.keys(options), ...Object.keys(own.configuration)])].sort())
    compare(`option ${name}`, own.configuration[name], options[name])
  return {
    same: all.length === 0,
    differences: all.slice(0, MOST_DIFFERENCES),
    more: Math.max(0, all.length - MOST_DIFFERENCES),
    recorded: {
      name: shown(theirs.name),
      version: shown(theirs.version),
      processor: shown(processor.model),
    },
    own: { name: own.name, version: own.version, processor: plain(own.processor.model, MOST_TEXT) },
  }
}

/** One line a difference, for people. */
export function settingWords({ differences, more }: Setting): string[] {
  const lines = differences.map(({ what, recorded, own }) => `${what}: ${recorded} on record, ${own} here`)
  return more === 0 ? lines : [...lines, `and ${more} more`]
}

/** Instruction sets that one side has and the other has not: by them numeric libraries choose their kernels. */
function featureDifference(
  own: readonly string[] | undefined,
  recorded: unknown,
): SettingDifference | undefined {
  const ours = new Set(own ?? [])
  const theirs = new Set(Array.isArray(recorded) ? recorded.filter(item => typeof item === 'string') : [])
  const onlyTheirs = [...theirs.difference(ours)].sort()
  const onlyOurs = [...ours.difference(theirs)].sort()
  if (onlyTheirs.length === 0 && onlyOurs.length === 0) return undefined
  const list = (names: string[]) => (names.length === 0 ? 'none besides' : plain(names.join(' '), MOST_TEXT))
  return { what: 'instruction sets', recorded: list(onlyTheirs), own: list(onlyOurs) }
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

function valueText(value: unknown): string {
  return value === undefined ? 'undefined' : (JSON.stringify(value) ?? 'undefined')
}

function shown(value: unknown): string {
  if (value === undefined) return 'not stated'
  return plain(typeof value === 'string' ? value : valueText(value), MOST_TEXT)
}

/** One line of printable ASCII: it ends up in findings and on terminals, and one character is one byte there. */
function plain(text: string, most: number): string {
  const line = text
    .slice(0, most * 4)
    .replace(/[^\x20-\x7e]+/g, '?')
    .replace(/["\\]/g, "'")
    .trim()
  return line.length <= most ? line : `${line.slice(0, most - 3)}...`
}
