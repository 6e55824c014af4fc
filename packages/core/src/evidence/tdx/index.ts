/** Evidence of an Intel TDX trust domain: a DCAP quote, versions 4 and 5 (../intel/quote.ts). */
import { toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { type Check, check } from '../check.ts'
import type { AppraisalContext, EvidenceFormat } from '../format.ts'
import { checkQuote } from '../intel/check.ts'
import { parseQuote, type Quote } from '../intel/quote.ts'
import type { TdReport } from '../intel/report.ts'
import { matchesReference } from '../reference.ts'

export interface TdxQuote extends Quote {
  body: TdReport
}

/** Bits of ATTRIBUTES ("Intel TDX Module ABI", TD_ATTRIBUTES), by byte: those of the first make a domain untrusted (TUD). */
const DEBUG = 1
const FOURTH = { septVeDisable: 0x10, migratable: 0x20 } as const
const NO_SERVICE = '0'.repeat(96)

export const tdx: EvidenceFormat<TdxQuote> = {
  format: 'tdx',

  parse(bytes) {
    const quote = parseQuote(bytes)
    if (quote.body.kind !== 'td')
      throw new AnswerableError('bad-evidence', 'quote: of SGX where one of TDX belongs')
    return quote as TdxQuote
  },

  check(quote, context) {
    const { body } = quote
    const { checks, facts, window } = checkQuote(quote, 'tdx', context)
    const service = whoMayMoveIt(body, context)
    return {
      format: 'tdx',
      platform: 'Intel TDX',
      measurements: measurementsOf(body),
      facts: {
        ...facts,
        teeTcbSvn: toHex(body.teeTcbSvn),
        septVeDisable: (body.tdAttributes[3]! & FOURTH.septVeDisable) !== 0,
      },
      reportData: body.reportData,
      checks: [
        ...checks,
        ...(service === undefined ? [] : [check('platform', 'fail', 'migration-agent', service)]),
        debugCheck(body),
      ],
      window,
    }
  },
}

function measurementsOf({ rtmr, since15, ...body }: TdReport): Record<string, string> {
  const { mrtd, mrconfigid, mrowner, mrownerconfig, mrseam, mrsignerseam, xfam, tdAttributes } = body
  return {
    mrtd,
    rtmr0: rtmr[0],
    rtmr1: rtmr[1],
    rtmr2: rtmr[2],
    rtmr3: rtmr[3],
    mrconfigid,
    mrowner,
    mrownerconfig,
    mrseam,
    mrsignerseam,
    tdattributes: toHex(tdAttributes),
    xfam,
    ...(since15 && { teetcbsvn2: since15.teeTcbSvn2, mrservicetd: since15.mrservicetd }),
  }
}

function debugCheck({ tdAttributes }: TdReport): Check {
  const [untrusted] = tdAttributes as unknown as [number]
  if (untrusted === 0)
    return check('debug', 'pass', 'not-debug', 'its host can neither look into it nor profile it')
  const what = (untrusted & DEBUG) !== 0 ? 'its host can look into it' : 'its host can profile it'
  return check('debug', 'fail', 'debug-mode', what)
}

/**
 * By whom it can be moved elsewhere, where nobody vouches for them. A service trust domain that is bound to this one can,
 * and so knows all that is in it: it counts only where the reader's own reference values name it. A report of TDX 1.0 has
 * no room for it, and says nothing of it where the domain can be moved.
 */
function whoMayMoveIt(body: TdReport, { policy }: AppraisalContext): string | undefined {
  const { since15, tdAttributes } = body
  if (since15 === undefined)
    return (tdAttributes[3]! & FOURTH.migratable) === 0
      ? undefined
      : 'it can be moved to another host, and its quote does not say by whom'
  const { mrservicetd } = since15
  if (mrservicetd === NO_SERVICE) return undefined
  const found = { format: 'tdx', measurements: measurementsOf(body) } as const
  // With all else that it names: whoever may move one image need not be let near another.
  const named = policy.references.some(
    one => one.measurements.mrservicetd === mrservicetd && matchesReference(one, found),
  )
  return named ? undefined : 'a service trust domain is bound to it, for which nobody whom you named vouches'
}
