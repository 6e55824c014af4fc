/** AMD SEV-SNP: reports of Milan, Genoa and Turin, signed by a VCEK or a VLEK, as they are or in Azure's wrapper. */
import type { EvidenceFormat } from '../format.ts'
import { judgeReport } from './judge.ts'
import { parseSnpReport, type SnpReport } from './report.ts'

export * from './azure.ts'
export * from './certificate-table.ts'
export { parseSnpReport, REPORT_BYTES, type SnpReport } from './report.ts'
export * from './tcb.ts'

export const sevSnp: EvidenceFormat<SnpReport> = {
  format: 'sev-snp',
  parse: parseSnpReport,
  check: (report, context) => ({
    ...judgeReport(report, context),
    format: 'sev-snp',
    reportData: report.reportData,
  }),
}
