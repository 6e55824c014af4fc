/** Asking an operator, through the registry, for what its log has signed: silence loses. */
import { AnswerableError } from '@answerable/core'
import { parseInference } from '@answerable/core/statement'
import { nodeSuite } from '@answerable/node/log'
import { expectPositionals, readArguments } from '../command.ts'
import { readReceipt } from '../input.ts'
import { good, print, printJson } from '../output/style.ts'
import { labelled, wrap } from '../output/text.ts'
import { openMemberFolder, replayNewest } from '../registry/member-folder.ts'
import { speak } from '../registry/speak.ts'

const TYPES = ['consistency', 'availability'] as const

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    type: { type: 'string', default: 'consistency' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
  })
  const [file] = expectPositionals(positionals, 'RECEIPT')
  const type = TYPES.find(one => one === values.type)
  if (type === undefined) throw new AnswerableError('bad-request', `--type: one of ${TYPES.join(', ')}`)
  const { statement, proof } = await readReceipt(file)
  const { id, log } = parseInference(statement)
  const member = await openMemberFolder(values.data)
  const replayed = await replayNewest(member)
  // The proof alone goes into the registry: the log's own signature over an entry, and nothing of what was asked.
  const body = { type, log, entry: nodeSuite.sha256Hex(statement), proof, id }
  const said = await speak(member, replayed, 'challenge', body)
  const { challengeSeconds } = replayed.state.terms
  if (values.json) printJson({ ...said, type, log, id })
  else
    print(
      `${good('Challenged')}: ${log} (entry ${said.index}).`,
      ...labelled('challenge', said.digest),
      ...wrap(
        type === 'consistency'
          ? `Its operator has ${challengeSeconds} s of registry time to show a checkpoint that a quorum saw and that continues this record's. Silence loses.`
          : `Validators who are drawn look whether the operator gives the record out, and have ${challengeSeconds} s of registry time from then on.`,
      ),
      ...wrap('How it goes: answerable registry show challenges'),
    )
  return 0
}
