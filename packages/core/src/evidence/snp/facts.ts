/** What a report of SEV-SNP says, as names and values: nothing of it is judged here. */
import { toHex } from '../../bytes.ts'
import type { JsonObject } from '../../shape.ts'
import type { EndorsementKey } from './endorsement-key.ts'
import type { SnpReport } from './report.ts'
import { type Generation, tcbOf, tcbText } from './tcb.ts'

/** What reference values are held against. */
export function measurementsOf(report: SnpReport): Record<string, string> {
  return {
    measurement: toHex(report.measurement),
    host_data: toHex(report.hostData),
    id_key_digest: toHex(report.idKeyDigest),
    author_key_digest: toHex(report.authorKeyDigest),
    family_id: toHex(report.familyId),
    image_id: toHex(report.imageId),
    guest_svn: report.guestSvn.toString(16).padStart(8, '0'),
    policy: report.policy.raw.toString(16).padStart(16, '0'),
    vmpl: report.vmpl.toString(16).padStart(8, '0'),
  }
}

/** The rest, for showing. */
export function factsOf(
  report: SnpReport,
  generation: Generation | undefined,
  key: EndorsementKey | undefined,
): JsonObject {
  const tcb = (bytes: Uint8Array): string =>
    generation === undefined ? toHex(bytes) : tcbText(tcbOf(bytes, generation))
  const { policy, cpu, mitigations } = report
  const hex64 = (value: bigint) => value.toString(16).padStart(16, '0')
  return {
    version: report.version,
    'signing-key': report.signingKey,
    ...(key?.cloud !== undefined && { cloud: key.cloud }),
    'reported-tcb': tcb(report.reportedTcb),
    'current-tcb': tcb(report.currentTcb),
    'committed-tcb': tcb(report.committedTcb),
    'launch-tcb': tcb(report.launchTcb),
    firmware: report.currentFirmware,
    'committed-firmware': report.committedFirmware,
    'chip-id': toHex(report.chipId),
    'report-id': toHex(report.reportId),
    'report-id-ma': toHex(report.reportIdMa),
    'platform-info': hex64(report.platformInfo),
    'policy-abi': policy.abi,
    'policy-smt': policy.smt,
    'policy-migration-agent': policy.migrationAgent,
    'policy-single-socket': policy.singleSocket,
    ...(cpu && { cpu: `family ${cpu.family}, model ${cpu.model}, stepping ${cpu.stepping}` }),
    ...(mitigations && {
      'launch-mitigations': hex64(mitigations.launch),
      'current-mitigations': hex64(mitigations.current),
    }),
  }
}
