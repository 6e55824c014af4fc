/**
 * Erasing the content of records, in the folder of a gateway that is stopped. The log asks its witnesses first, as at
 * every start, so that a folder that is an old copy does not sign another tree for it.
 */
import { AnswerableError, errorCode } from '@answerable/core'
import { Lifecycle } from '@answerable/node/record'
import { expectPositionals, readArguments } from '../command.ts'
import { readTime } from '../input.ts'
import { withNetwork } from '../network.ts'
import { print } from '../output/style.ts'
import { count, wrap } from '../output/text.ts'

const HOUR = 3_600_000

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    before: { type: 'string' },
    data: { type: 'string' },
    config: { type: 'string' },
  })
  const before = values.before === undefined ? undefined : readTime(values.before, '--before')
  const [id] = before === undefined ? expectPositionals(positionals, 'ID') : expectPositionals(positionals)
  const now = Date.now()
  await withNetwork(values, async ({ gateway, older }, { samplingHours }) => {
    if (before === undefined) {
      await eraseWhereItIs([gateway.lifecycle, ...older.map(({ lifecycle }) => lifecycle)], id!)
      print(...wrap(`The content of ${id} is erased, and the log says so. Its record and proof stay.`))
      return
    }
    if (before > now - samplingHours * HOUR)
      throw new AnswerableError(
        'erasure-refused',
        `--before: records of the last ${count(samplingHours, 'hour')} may still be drawn for an audit`,
      )
    // Retention, counted from now back to that day, for once.
    const retentionDays = (now - before) / (24 * HOUR)
    const options = { retentionDays, samplingHours, clock: () => now }
    let erased = await new Lifecycle(gateway.store, options).sweep()
    // Logs before it take no statements any more: this one says what is erased of theirs.
    const into = gateway.store.log
    for (const { store } of older) erased += await new Lifecycle(store, { ...options, into }).sweep()
    print(`${count(erased, 'record')} from before ${values.before} erased, legal holds aside.`)
  })
  return 0
}

async function eraseWhereItIs([first, ...others]: readonly Lifecycle[], id: string): Promise<void> {
  try {
    await first!.eraseId(id)
  } catch (error) {
    if (errorCode(error) !== 'not-found' || others.length === 0) throw error
    await eraseWhereItIs(others, id)
  }
}
