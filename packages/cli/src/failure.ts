/** The one place where an error becomes what the user reads and an exit status. */
import { AnswerableError } from '@answerable/core'
import { note, printJson, style } from './output/style.ts'
import { wrap } from './output/text.ts'
import { UNBREAKABLE } from './program.ts'

/** The input was unusable, or something outside was. */
const EXIT_UNUSABLE = 2
/** EX_SOFTWARE of sysexits.h: a fault of ours. */
const EXIT_FAULT = 70

export function report(error: unknown, { json }: { json: boolean }): number {
  const known = error instanceof AnswerableError
  const message = error instanceof Error ? error.message : String(error)
  if (json) {
    const text = message.replaceAll(UNBREAKABLE, ' ')
    printJson({ error: { code: known ? error.code : 'internal', message: text } })
  }
  if (known) say(`${message} (${error.code})`)
  else {
    say(message)
    note(
      ...wrap(
        'This is a fault of ours. Please report it, with the command that you ran; ANSWERABLE_DEBUG=1 shows where it happened.',
      ),
    )
  }
  if (process.env.ANSWERABLE_DEBUG === '1') showStack(error)
  return known ? EXIT_UNUSABLE : EXIT_FAULT
}

function say(message: string): void {
  const [head = '', ...listed] = message.split('\n')
  const [first = '', ...rest] = wrap(`error: ${head}`)
  note(first.replace('error:', style('red', 'error:', process.stderr)), ...rest, ...listed)
}

function showStack(error: unknown): void {
  for (let at: unknown = error; at instanceof Error; at = at.cause) note(at.stack ?? at.message)
}
