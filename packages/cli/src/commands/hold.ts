/** Putting records on hold, so that neither retention nor a request erases them, and releasing them. */
import { AnswerableError } from '@answerable/core'
import { expectPositionals, readArguments } from '../command.ts'
import { withNetwork } from '../network.ts'
import { recordWords } from '../output/held.ts'
import { print, printJson } from '../output/style.ts'
import { wrap } from '../output/text.ts'

export function run(args: string[]): Promise<number> {
  return setHold('hold', args)
}

/** The reasons of a lifecycle statement that a hold can have. */
const REASONS = ['legal', 'request'] as const

export async function setHold(action: 'hold' | 'release', args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    reason: { type: 'string', default: 'legal' },
    data: { type: 'string' },
    config: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [target] = expectPositionals(positionals, 'ID or RANGE')
  const reason = REASONS.find(word => word === values.reason)
  if (reason === undefined)
    throw new AnswerableError('bad-request', `--reason: expected ${REASONS.join(' or ')}`)
  const range = readRange(target)
  await withNetwork(values, async ({ gateway: { lifecycle, store } }) => {
    const ranges = range === undefined ? lifecycle.rangesOf(target) : [range]
    if (action === 'release' && !ranges.some(one => lifecycle.held(one).length > 0))
      throw new AnswerableError('not-found', `nothing of ${target} is on hold`)
    for (const one of ranges) await lifecycle.setHold(action, one, reason)
    const { origin } = store.log
    if (values.json) {
      printJson({ log: origin, action, reason, ranges })
      return
    }
    const what = ranges.map(recordWords).join(' and ')
    print(
      ...wrap(
        action === 'hold'
          ? `On hold: ${what} of ${origin}. The log says so; none of it is erased before its release.`
          : `Released: ${what} of ${origin}. The log says so; what is over its time goes at the next sweep.`,
      ),
    )
  })
  return 0
}

/** `12` or `12-40`, both ends meant. Undefined for what is an id. Throws `bad-request`. */
function readRange(text: string): { first: number; end: number } | undefined {
  const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text)
  if (match === null) return undefined
  const first = Number(match[1])
  const last = Number(match[2] ?? first)
  if (last < first) throw new AnswerableError('bad-request', `${text}: ends before it begins`)
  return { first, end: last + 1 }
}
