/**
 * A caller who takes no answer without its record: what the client library and the local proxy do, here with no more
 * than core's own check. Node knows nothing of the library.
 */
import { AnswerableError, type ErrorCode, errorCode, fromBase64Url } from '@answerable/core'
import { entryOf, holderDigest, parseInference } from '@answerable/core/statement'
import { nodeSuite } from '../log/suite.ts'
import { type Answer, type Asking, ask } from './caller.ts'
import { fetchReceipt, type Holder } from './holder.ts'
import { openPromise } from './promise.ts'

/** What is kept of an answer that was refused. */
export interface Complaint {
  code: ErrorCode
  reason: string
  request: Uint8Array
  response: Uint8Array
  /** A stream's, where it came. */
  promise?: string
}

/** Asks, and refuses what has no good receipt. */
export async function askCarefully(
  url: string,
  asking: Asking,
  holder: Holder,
): Promise<Complaint | undefined> {
  const answer = await ask(url, asking)
  try {
    await check(answer, asking.stream === true, holder)
    return undefined
  } catch (error) {
    const { request, response, promise } = answer
    return {
      code: errorCode(error),
      reason: (error as Error).message,
      request,
      response,
      ...(promise !== null && { promise }),
    }
  }
}

/** Throws `no-receipt` and `receipt-rejected`. */
async function check(answer: Answer, stream: boolean, holder: Holder): Promise<void> {
  const { request, response, id, link, promise } = answer
  if (stream && promise === null)
    throw new AnswerableError('no-receipt', 'the stream came without a promise of its record')
  if (id === null || link === null)
    throw new AnswerableError('no-receipt', 'the answer came without the headers of a receipt')
  const receipt = await fetchReceipt(link)
  const { claims, compared, record } = holder.checkUnwitnessed(receipt, { request, response })
  if (compared.request !== 'same') throw rejected('it is of another request')
  if (compared.response !== 'same') throw rejected('it is of another response than came')
  if (claims.recorded.result !== 'pass' || record === undefined) throw rejected(claims.recorded.sentence)
  const { holder: digest } = parseInference(receipt.statement)
  const secret = fromBase64Url(link.slice(link.indexOf('#') + 1))
  if (record.id !== id || digest !== holderDigest(secret, nodeSuite))
    throw rejected('it is of another record')
  if (promise === null) return
  const begin = receipt.begin?.statement ?? receipt.statement
  if (openPromise(promise, holder.policy).entry !== Buffer.from(entryOf(begin, nodeSuite)).toString('hex'))
    throw rejected('it is not the record that was promised')
}

function rejected(message: string): AnswerableError {
  return new AnswerableError('receipt-rejected', `the receipt that came along is no good: ${message}`)
}
