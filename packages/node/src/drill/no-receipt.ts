/** Answers come without their receipts, or with others. */
import { askCarefully, type Complaint } from './careful-caller.ts'
import type { Drill } from './drill.ts'
import { type Lie, LyingProxy } from './lying-proxy.ts'
import { openPromise } from './promise.ts'

interface Case {
  lie: Lie
  stream?: boolean
  done: string
  code: Complaint['code']
  evidence: string
}

const CASES: readonly Case[] = [
  {
    lie: 'strip',
    done: 'the receipt’s headers were taken off an answer',
    code: 'no-receipt',
    evidence: 'the headers of a receipt are missing',
  },
  {
    lie: 'alter',
    done: 'a letter of an answer was changed on its way',
    code: 'receipt-rejected',
    evidence: 'the receipt is of another response than came',
  },
  {
    lie: 'swap',
    done: 'an answer came with the receipt of another call',
    code: 'receipt-rejected',
    evidence: 'the receipt is of another request',
  },
  {
    lie: 'strip',
    stream: true,
    done: 'the receipt’s headers were taken off a stream, its promise left',
    code: 'no-receipt',
    evidence: 'the headers of a receipt are missing',
  },
]

export const noReceipt: Drill = {
  name: 'no-receipt',
  title: 'an answer comes without its receipt',
  fault:
    'Something in front of the gateway strips receipts, alters an answer, or hands out another call’s receipt.',
  payer: 'The caller waits and asks elsewhere; whoever answers off the record is not used.',
  appeal:
    'The complaint: the bytes that came, and for a stream the promise, which the operator must answer with the record it names.',
  notShown: [
    'Who lied: the gateway, or what stands in front of it.',
    'An answer without a receipt that a caller takes all the same: a log cannot reveal what was never logged.',
    'The client library itself: this caller makes its checks with core alone.',
  ],
  async run(scene) {
    const { findings } = scene
    const { url, holder } = await scene.network('node')
    const proxy = await LyingProxy.open(url)
    scene.onClose(() => proxy.close())
    const before = await askCarefully(proxy.url, { prompt: 'honest' }, holder)
    findings.now(
      before === undefined,
      'while nobody lies, answers and their receipts are taken through the same proxy',
    )
    const complaints: Complaint[] = []
    for (const [i, { lie, stream = false, done, code, evidence }] of CASES.entries()) {
      if (scene.inject) {
        proxy.lie = lie
        findings.inject(done)
      }
      const complaint = await askCarefully(proxy.url, { prompt: `question ${i}`, stream }, holder)
      findings.notice(complaint?.code === code, 'the caller’s check', `${code}: ${evidence}`)
      if (complaint !== undefined) complaints.push(complaint)
    }
    findings.now(
      complaints.length === CASES.length,
      `none of the ${CASES.length} answers was handed on to the application`,
    )
    findings.after(
      complaints.length > 0 &&
        complaints.every(({ request, response }) => request.length > 0 && response.length > 0),
      'each complaint keeps the exact bytes that were asked and that came',
    )
    const promise = complaints.find(one => one.promise !== undefined)?.promise
    const opened = promise === undefined ? undefined : openPromise(promise, holder.policy)
    findings.after(
      opened !== undefined,
      `the stream’s complaint holds a promise that the log signed: anyone can check that entry ${opened?.index} is a beginning that it owes the record of`,
    )
  },
}
