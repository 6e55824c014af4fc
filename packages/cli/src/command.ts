/** What a command is, and how its arguments are read. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { AnswerableError } from '@answerable/core'

export interface CommandModule {
  /** Runs the command with what follows its name. Resolves with the exit status. */
  run(args: string[]): Promise<number>
}

export interface Command {
  /** One word or two: `verify`, `trust add`. */
  name: string
  /** One line for the list of commands. */
  summary: string
  /** What follows the name, then paragraphs and options, each line within 80 columns. */
  usage: string
  /** Loaded only when asked for, so that no command pays for the others. */
  load(): Promise<CommandModule>
}

/** Reads arguments strictly. Throws `bad-request`. */
export function readArguments<const T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (cause) {
    // Node adds advice about `--` to its first sentence, which helps nobody here.
    const [message] = (cause as Error).message.split('. ')
    throw new AnswerableError('bad-request', `${message}; see --help`, { cause })
  }
}

/** Exactly as many positional arguments as there are names. Throws `bad-request`. */
export function expectPositionals<const N extends readonly string[]>(
  given: readonly string[],
  ...names: N
): { [K in keyof N]: string } {
  if (given.length < names.length)
    throw new AnswerableError('bad-request', `${names[given.length]} is missing; see --help`)
  if (given.length > names.length)
    throw new AnswerableError('bad-request', `one argument too many: ${given[names.length]}; see --help`)
  return given as unknown as { [K in keyof N]: string }
}

/** An option that must be there. Throws `bad-request`. */
export function required<T>(value: T | undefined, option: string): T {
  if (value === undefined) throw new AnswerableError('bad-request', `${option} is missing; see --help`)
  return value
}

/** A number within bounds, from an option. Throws `bad-request`. */
export function numberOption(text: string, option: string, least: number, most: number): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most))
    throw new AnswerableError('bad-request', `${option}: expected a number from ${least} to ${most}`)
  return value
}

/** A port: 0 picks a free one. Throws `bad-request`. */
export function portOption(text: string): number {
  const port = numberOption(text, '--port', 0, 65_535)
  if (!Number.isInteger(port)) throw new AnswerableError('bad-request', '--port: expected a whole number')
  return port
}
