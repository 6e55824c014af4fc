/** Fetching a receipt from the gateway that gave it out. */
import { join, parse } from 'node:path'
import { AnswerableError, fromBase64Url, toBase64Url } from '@answerable/core'
import { type OpinionsOnRecord, opinionSecret, opinionsIn } from '@answerable/core/opinions'
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from '@answerable/core/receipt'
import { parseDisclosure, parseInference } from '@answerable/core/statement'
import { nodeSuite } from '@answerable/node/log'
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
    linked: { type: 'boolean', default: false },
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
  const { output } = values
  if (values.linked && (output === undefined || output === '-' || secret === ''))
    throw new AnswerableError('bad-request', '--linked takes -o FILE, and the URL with its secret')
  const timeoutMs = numberOption(values.timeout, '--timeout', 0.1, 3600) * 1000
  const fetched = await fetchReceipt(url, id, secret, timeoutMs)
  saveReceipt(fetched.bytes, fetched.receipt, output)
  const { asked = [] } = opinionsOf(fetched.receipt) ?? {}
  if (asked.length > 0 && !values.linked)
    note(
      ...wrap(`It links to ${asked.length} opinions, which --linked brings along:`),
      ...asked.map(one => `  ${one.id}`),
    )
  if (!values.linked) return 0
  for (const [i, opinion] of asked.entries()) {
    const at = new URL(url)
    at.pathname = at.pathname.replace(ID_PATH, `/receipts/${opinion.id}`)
    const own = toBase64Url(opinionSecret(fromBase64Url(secret), opinion.id, nodeSuite))
    const { bytes, receipt } = await fetchReceipt(at, opinion.id, own, timeoutMs)
    if (nodeSuite.sha256Hex(receipt.statement) !== opinion.statement)
      throw new AnswerableError(
        'bad-receipt',
        `the record ${opinion.id} is not the one that this receipt names`,
      )
    saveReceipt(bytes, receipt, beside(output!, i + 1))
  }
  return 0
}

async function fetchReceipt(
  url: URL,
  id: string,
  secret: string,
  timeoutMs: number,
): Promise<{ bytes: Uint8Array; receipt: Receipt }> {
  const bytes = await get(url, {
    most: MAX_RECEIPT_BYTES,
    timeoutMs,
    ...(secret !== '' && { headers: { authorization: `Bearer ${secret}` } }),
  })
  const receipt = parseReceipt(bytes)
  expectId(receipt, id)
  return { bytes, receipt }
}

/** What a receipt says that it links to, before anything of it is checked. */
function opinionsOf({ disclosures: { model } }: Receipt): OpinionsOnRecord | undefined {
  try {
    return model === undefined ? undefined : opinionsIn(parseDisclosure(model).value)
  } catch {
    return undefined
  }
}

/** `receipt.json` has `receipt.1.json` beside it. */
function beside(path: string, n: number): string {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}.${n}${ext}`)
}

/** A receipt of another record would pass its own checks, and be of another answer. */
function expectId({ statement }: Receipt, id: string): void {
  const given = parseInference(statement).id
  if (given !== id)
    throw new AnswerableError('bad-receipt', `asked for ${id}, and got the receipt of ${given}`)
}
