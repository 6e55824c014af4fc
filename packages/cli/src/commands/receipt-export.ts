/** A copy of a receipt that discloses less. Its proof stays whole, since disclosures open one by one. */
import { AnswerableError, utf8 } from '@answerable/core'
import { formatReceipt, type Receipt } from '@answerable/core/receipt'
import { DISCLOSURES, type DisclosureName } from '@answerable/core/statement'
import { expectPositionals, readArguments } from '../command.ts'
import { readReceipt } from '../input.ts'
import { saveReceipt } from '../receipt-file.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    output: { type: 'string', short: 'o' },
    only: { type: 'string' },
    'no-content': { type: 'boolean', default: false },
  })
  const [file] = expectPositionals(positionals, 'FILE')
  const receipt = await readReceipt(file)
  const only = values.only === undefined ? undefined : readNames(values.only, receipt)
  const copy = reduce(receipt, only, values['no-content'])
  saveReceipt(utf8(`${formatReceipt(copy)}\n`), copy, values.output)
  return 0
}

/** Without `only`, all disclosures. Content goes with its disclosure: by itself it could be compared with nothing. */
export function reduce(
  receipt: Receipt,
  only: readonly DisclosureName[] | undefined,
  noContent: boolean,
): Receipt {
  const kept = <T extends object>(record: T): T =>
    Object.fromEntries(
      Object.entries(record).filter(([name]) => only === undefined || only.includes(name as DisclosureName)),
    ) as T
  const { modelSignature, ...rest } = receipt
  return {
    ...rest,
    // It says which model, so it goes with what names it.
    ...(modelSignature && kept({ model: true }).model && { modelSignature }),
    disclosures: kept(receipt.disclosures),
    content: noContent ? {} : kept(receipt.content),
  }
}

function readNames(text: string, { disclosures }: Receipt): DisclosureName[] {
  return text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '' && item !== 'none')
    .map(item => {
      const name = DISCLOSURES.find(known => known === item)
      if (name === undefined)
        throw new AnswerableError('bad-request', `--only: ${item} is none of ${DISCLOSURES.join(', ')}`)
      if (disclosures[name] === undefined)
        throw new AnswerableError('bad-request', `--only: this receipt does not disclose its ${name}`)
      return name
    })
}
