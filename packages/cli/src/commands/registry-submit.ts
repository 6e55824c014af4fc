/** An envelope of any kind, brought to the host; or handed to a validator, for a host that will not have it. */
import { AnswerableError } from '@answerable/core'
import { hostUrl, openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { readUrl } from '../http.ts'
import { readInput } from '../input.ts'
import { ruleWords } from '../output/rule-words.ts'
import { bold, good, print, printJson } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { clientOf, openMemberFolder, replayOf } from '../registry/member-folder.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    to: { type: 'string' },
    'hand-in': { type: 'boolean', default: false },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [file] = expectPositionals(positionals, 'FILE')
  const text = Buffer.from(await readInput(file, 1 << 17))
    .toString()
    .trim()
  const { payload } = openEntry(Buffer.from(text))
  const { kind, by } = parseRegistryPayload(payload)
  const digest = nodeSuite.sha256Hex(payload)
  const url =
    values.to === undefined ? await targetOf(values.data, values['hand-in']) : readUrl(values.to).href
  const path = values['hand-in'] ? '/validator/hand-ins' : '/registry/statements'
  const answer = (await clientOf(url)
    .post(path, text)
    .catch(error => {
      if (!(error instanceof AnswerableError) || error.code !== 'rule-forbids') throw error
      const [rule = '', ...detail] = error.message.split(': ')
      throw new AnswerableError('rule-forbids', ruleWords(rule, detail.join(': ') || undefined))
    })) as { index?: number; stamp?: string }
  if (values.json) printJson({ kind, by, ...answer, digest, to: url })
  else if (values['hand-in'])
    print(
      `${good('Handed in')}: the ${plain(kind)} of ${bold(plain(by))}, at ${plain(url)}.`,
      `  digest       ${digest}`,
      ...wrap(
        'The validator stamped it: by the deadline it is in the log, effective or void, or validators move the host. --json prints the stamp, to keep.',
      ),
    )
  else
    print(
      `${good('Taken in')}: the ${plain(kind)} of ${bold(plain(by))}, as entry ${answer.index}.`,
      `  digest       ${digest}`,
      ...labelled('at', plain(url)),
    )
  return 0
}

/** The host; for a hand-in a validator besides it, where there is one. */
async function targetOf(data: string | undefined, handIn: boolean): Promise<string> {
  const member = await openMemberFolder(data)
  const { state } = await replayOf(member)
  if (handIn) {
    const validators = [...state.members.values()].filter(
      ({ status, roles, url }) => status === 'active' && roles.includes('validator') && url !== null,
    )
    const other = validators.find(({ id }) => id !== state.host?.member) ?? validators[0]
    if (other === undefined)
      throw new AnswerableError('unavailable', 'no validator has an address; give one with --to')
    return other.id === member.membership.member && member.address !== undefined
      ? member.address.url
      : other.url!
  }
  if (state.host?.member === member.membership.member && member.address !== undefined)
    return member.address.url
  return hostUrl(state)!
}
