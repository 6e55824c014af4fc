/** Running one record again: the model that the receipt names, on what was asked, against what was answered. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { AnswerableError, errorCode } from '@answerable/core'
import type { Rerun } from '@answerable/core/audit'
import { type Receipt, verify } from '@answerable/core/receipt'
import { parseInference } from '@answerable/core/statement'
import { nodeSuite } from '@answerable/node/log'
import { ModelFinder } from '@answerable/node/model-store'
import { Replayer } from '@answerable/node/replay'
import { expectPositionals, readArguments } from '../command.ts'
import { storeFolder } from '../home.ts'
import { readReceipt } from '../input.ts'
import { bold, print, printJson, type Shown, shown } from '../output/style.ts'
import { labelled, plain, wrap } from '../output/text.ts'
import { claimLines } from '../output/verification.ts'
import { asTyped } from '../program.ts'
import { trustFor } from '../registry/kept.ts'
import { TrustStore } from '../trust-store.ts'

export async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args, {
    model: { type: 'string', multiple: true, default: [] },
    store: { type: 'string', multiple: true, default: [] },
    out: { type: 'string', short: 'o' },
    json: { type: 'boolean', default: false },
  })
  const [file] = expectPositionals(positionals, 'RECEIPT')
  const receipt = await readReceipt(file)
  const { recorded } = verify(receipt, {
    suite: nodeSuite,
    trust: trustFor(new TrustStore(), parseInference(receipt.statement).log),
  }).claims
  if (recorded.result === 'fail') {
    if (values.json) printJson({ receipt: file, recorded })
    else print(...claimLines(recorded), '', ...wrap('It was not run again: it is not what was recorded.'))
    return 1
  }
  const finder = new ModelFinder(values.model, [...values.store, storeFolder()])
  const rerun = await rerunOf(receipt, finder)
  if (values.out !== undefined) {
    mkdirSync(dirname(values.out), { recursive: true })
    writeFileSync(values.out, `${JSON.stringify(rerun, null, 2)}\n`)
  }
  if (values.json) printJson({ receipt: file, recorded, rerun })
  else print(...claimLines(recorded), '', ...rerunLines(rerun))
  if (rerun.outcome === 'not-rerun') return 2
  return rerun.outcome === 'inconsistent' ? 1 : 0
}

async function rerunOf(
  { statement, begin, disclosures, content }: Receipt,
  finder: ModelFinder,
): Promise<Rerun> {
  const { request, response } = content
  if (request === undefined || response === undefined)
    throw new AnswerableError(
      'bad-request',
      `the receipt does not hold what was asked and answered; fetch it with its secret: ${asTyped('receipt get URL')}`,
    )
  const replayer = new Replayer({ findModel: sha256 => finder.find(sha256) })
  const interrupt = new AbortController()
  const stop = () => interrupt.abort()
  process.once('SIGINT', stop)
  try {
    return await replayer.rerun(
      { statement, begin: begin?.statement, disclosures, request, response },
      interrupt.signal,
    )
  } catch (error) {
    if (errorCode(error) !== 'bad-disclosure') throw error
    throw new AnswerableError('bad-disclosure', `${(error as Error).message}: this receipt opens too little`)
  } finally {
    process.off('SIGINT', stop)
    await replayer.close()
  }
}

const SHOWN: Record<Rerun['outcome'], Shown> = {
  exact: 'pass',
  consistent: 'pass',
  inconsistent: 'fail',
  'not-rerun': 'not-checked',
}

/** A re-run for people. Differences of the setting come first in its words. */
export function rerunLines({ outcome, words, notShown, model }: Rerun): string[] {
  return [
    `${bold('Run again')}: ${shown(SHOWN[outcome])} (${outcome})`,
    ...words.flatMap(sentence => wrap(plain(sentence), 2)),
    ...(model === undefined ? [] : labelled('model', model)),
    ...wrap(`Not shown: ${plain(notShown)}`, 2),
    ...(outcome === 'not-rerun' && model !== undefined
      ? wrap('Where the model’s file is elsewhere, say so: --model FILE, or --store FOLDER.', 2)
      : []),
  ]
}
