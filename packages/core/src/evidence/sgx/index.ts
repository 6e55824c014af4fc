/** Evidence of an Intel SGX enclave: a DCAP quote, versions 3 to 5 (../intel/quote.ts). */
import { toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { check } from '../check.ts'
import type { EvidenceFormat } from '../format.ts'
import { checkQuote } from '../intel/check.ts'
import { parseQuote, type Quote } from '../intel/quote.ts'
import { type EnclaveReport, isDebugEnclave } from '../intel/report.ts'

export interface SgxQuote extends Quote {
  body: EnclaveReport
}

export const sgx: EvidenceFormat<SgxQuote> = {
  format: 'sgx',

  parse(bytes) {
    const quote = parseQuote(bytes)
    if (quote.body.kind !== 'enclave')
      throw new AnswerableError('bad-evidence', 'quote: of TDX where one of SGX belongs')
    return quote as SgxQuote
  },

  check(quote, context) {
    const { body } = quote
    const { checks, facts, window } = checkQuote(quote, 'sgx', context)
    return {
      format: 'sgx',
      platform: 'Intel SGX',
      measurements: measurementsOf(body),
      facts,
      reportData: body.reportData,
      checks: [
        ...checks,
        isDebugEnclave(body)
          ? check('debug', 'fail', 'debug-mode', 'its host can look into it')
          : check('debug', 'pass', 'not-debug', 'its host cannot look into it'),
      ],
      window,
    }
  },
}

function measurementsOf(body: EnclaveReport): Record<string, string> {
  const { mrenclave, mrsigner, configid, isvextprodid, isvfamilyid, cpusvn } = body
  return {
    mrenclave,
    mrsigner,
    isvprodid: String(body.isvprodid),
    isvsvn: String(body.isvsvn),
    attributes: toHex(body.attributes),
    miscselect: toHex(body.miscSelect),
    cpusvn,
    configid,
    configsvn: String(body.configsvn),
    isvextprodid,
    isvfamilyid,
  }
}
