#!/usr/bin/env node
/** The command line. Finds the command, runs it, and turns what it throws into a message and an exit status. */
import { AnswerableError } from '@answerable/core'
import type { Command } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { report } from './failure.ts'
import { commandLines, listLines, nearest, versionLine } from './help.ts'
import { codeOf } from './home.ts'
import { print } from './output/style.ts'
import { asTyped } from './program.ts'

async function main(args: readonly string[]): Promise<number> {
  const [first, second] = args
  const options = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined)
  const help = options.includes('--help') || options.includes('-h')
  if (first === '--version' || first === '-v') {
    print(versionLine())
    return 0
  }
  if (first === undefined || first === 'help' || first.startsWith('-')) {
    print(...listLines(COMMANDS))
    return help || first === 'help' ? 0 : 2
  }
  const command =
    COMMANDS.find(({ name }) => name === `${first} ${second}`) ?? COMMANDS.find(({ name }) => name === first)
  if (command === undefined) return lost(first, second, help)
  if (help) {
    print(...commandLines(command))
    return 0
  }
  return runCommand(command, args.slice(command.name.split(' ').length))
}

async function runCommand(command: Command, args: string[]): Promise<number> {
  try {
    return await (await command.load()).run(args)
  } catch (error) {
    return report(error, { json: args.includes('--json') })
  }
}

/** A group without its second word, or no command at all. */
function lost(first: string, second: string | undefined, help: boolean): number {
  const isGroup = COMMANDS.some(({ name }) => name.startsWith(`${first} `))
  if (isGroup && (second === undefined || second.startsWith('-'))) {
    print(...listLines(COMMANDS, first))
    return help ? 0 : 2
  }
  const typed = isGroup ? `${first} ${second}` : first
  const words = COMMANDS.flatMap(({ name }) => [name, name.split(' ')[0]!])
  const near = nearest(typed, words)
  const hint = near === undefined ? `see ${asTyped('--help')}` : `did you mean ${near}?`
  return report(new AnswerableError('bad-request', `no command ${typed}; ${hint}`), { json: false })
}

// A reader that has seen enough, such as `head`, is no error, but it decides nothing either: the exit status stays that
// of the command, or a check that fails would pass where nobody reads it to the end.
process.stdout.on('error', error => {
  if (codeOf(error) === 'EPIPE') return
  process.stderr.write(`error: the output could not be written (${codeOf(error)})\n`)
  process.exitCode = 74
})

const status = await main(process.argv.slice(2))
process.exitCode = process.exitCode === 74 ? 74 : status
