/** Proposing other terms, or the next version of the rules. Both chambers decide. */
import { AnswerableError } from '@answerable/core'
import { NEWEST_RULES, parseTerms } from '@answerable/core/registry'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { readInput } from '../input.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, wrap } from '../output/text.ts'
import { program } from '../program.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'
import { approvalWords, period } from '../registry/words.ts'

const MOST_LATER = 10_000_000

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    terms: { type: 'string' },
    'next-rules': { type: 'boolean', default: false },
    after: { type: 'string', default: '1000' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  expectPositionals(positionals)
  if (values.terms === undefined && !values['next-rules'])
    throw new AnswerableError('bad-request', 'nothing to amend: give --terms FILE, or --next-rules')
  const after = Math.floor(numberOption(values.after, '--after', 1, MOST_LATER))
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  const { state, registry } = replayed
  const terms = values.terms === undefined ? {} : await termsIn(values.terms, state.rules)
  const rules = values['next-rules'] ? state.rules + 1 : undefined
  if (rules !== undefined && rules > NEWEST_RULES)
    throw new AnswerableError(
      'unknown-rules',
      `this network has version ${state.rules} of the rules, and this software knows of no newer one`,
    )
  const at = registry.size + after
  const body = { action: 'amend', terms: terms as never, at, ...(rules !== undefined && { rules }) }
  const said = await speak(member, replayed, 'proposal', body)
  const approvals = replayed.state.proposals.get(said.digest)?.approvals ?? { providers: [], watchers: [] }
  if (values.json) printJson({ digest: said.digest, index: said.index, ...body })
  else
    print(
      `${good('Proposed')} from entry ${at} on:`,
      ...Object.entries(terms).flatMap(([name, value]) => labelled(name, JSON.stringify(value))),
      ...(rules === undefined ? [] : labelled('rules', `version ${rules}`)),
      ...labelled('proposal', said.digest),
      ...labelled('approvals', approvalWords(state, approvals)),
      ...labelled('lapses', `in ${period(state.terms.openSeconds)} of counted time`),
      ...wrap(`Yours counts too: ${program()} member approve ${said.digest.slice(0, 16)}`),
      ...(rules === undefined
        ? []
        : wrap(
            `A member whose software lacks version ${rules} stops at the first entry under it, and says which to install: see to it that all have it by then.`,
          )),
    )
  return 0
}

/** As this version of the rules reads them, and no term that it would leave unread. Throws `bad-request`. */
async function termsIn(file: string, rules: number): Promise<Record<string, unknown>> {
  try {
    const terms = JSON.parse(Buffer.from(await readInput(file, 65_536)).toString()) as Record<string, unknown>
    const known = parseTerms(terms, rules)
    const unknown = Object.keys(terms).find(name => !(name in known))
    if (unknown !== undefined)
      throw new Error(`version ${rules} of the rules has no term ‘${unknown.slice(0, 64)}’`)
    return terms
  } catch (cause) {
    throw new AnswerableError('bad-request', `${file}: ${(cause as Error).message}`, { cause })
  }
}
