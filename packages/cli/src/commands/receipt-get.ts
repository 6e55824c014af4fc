/** Fetching a receipt from the gateway that gave it out. */
import { AnswerableError } from '@answerable/core'
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from '@answerable/core/receipt'
import { parseInference } from '@answerable/core/statement'
import { expectPositionals, numberOption, readArguments } from '../command.ts'
import { get, isInTheClear, readUrl } from '../http.ts'
import { note } from '../output/style.ts'
import { wrap } from '../output/text.ts'
import { saveReceipt } from '../receipt-file.ts'

const SECRET = /^#[A-Za-z0-9_-]{43}$/
const ID_PATH = /\/receipts\/([0-9a-f-]{36})\/?$/

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    output: { type: 'string', short: 'o' },
    timeout: { type: 'string', default: '60' },
    sealed: { type: 'boolean', default: false },
  })
  const [text] = expectPositionals(positionals, 'URL')
  const url = readUrl(text)
  const secret = url.hash.slice(1)
  if (url.hash !== '' && !SECRET.test(url.hash))
    throw new AnswerableError(
      'bad-request',
      'the part after # is not a holder secret (43 characters of base64url)',
    )
  const id = ID_PATH.exec(url.pathname)?.[1]
  if (id === undefined)
    throw new AnswerableError(
      'bad-request',
      'expected the URL of a receipt, which ends in /receipts/ and an id',
    )
  // The secret goes to the server alone, in a header; it never stands in a path, a log or a referrer.
  url.hash = ''
  if (values.sealed) url.searchParams.set('sealed', '')
  if (secret !== '' && isInTheClear(url))
    note(...wrap('warning: the secret travels over plain http, where others can read it'))
  const bytes = await get(url, {
    most: MAX_RECEIPT_BYTES,
    timeoutMs: numberOption(values.timeout, '--timeout', 0.1, 3600) * 1000,
    ...(secret !== '' && { headers: { authorization: `Bearer ${secret}` } }),
  })
  const receipt = parseReceipt(bytes)
  expectId(receipt, id)
  saveReceipt(bytes, receipt, values.output)
  return 0
}

/** A receipt of another record would pass its own checks, and be of another answer. */
function expectId({ statement }: Receipt, id: string): void {
  const given = parseInference(statement).id
  if (given !== id)
    throw new AnswerableError('bad-receipt', `asked for ${id}, and got the receipt of ${given}`)
}
