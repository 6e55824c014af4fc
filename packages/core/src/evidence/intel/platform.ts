/** What Intel says of the platform and of its own software there: TCB level, TDX module, quoting enclave. */
import { toHex } from '../../bytes.ts'
import type { JsonObject } from '../../shape.ts'
import { type Check, check } from '../check.ts'
import type { TcbStatus } from '../policy.ts'
import { converge, findIsvLevel, findLevel, findModule } from './level.ts'
import type { Pck } from './pck.ts'
import type { Tee } from './quote.ts'
import { type EnclaveReport, isDebugEnclave, type TdReport } from './report.ts'
import type { IsvLevel, ModuleIdentity, QeIdentity, TcbInfo, TcbLevel } from './tcb.ts'

/** What was found of the platform, as far as it could be. */
export interface Standing {
  level?: TcbLevel
  module?: IsvLevel
  qe?: IsvLevel
}

type Finding = { found: Check; standing: Standing }

/** Whether the platform is at a level that the policy accepts, its TDX module taken along. */
export function checkPlatform(
  tee: Tee,
  body: EnclaveReport | TdReport,
  pck: Pck,
  info: TcbInfo,
  accepted: readonly TcbStatus[],
): Finding {
  const fail = (
    reason: 'platform-mismatch' | 'no-matching-tcb-level',
    detail: string,
    standing: Standing = {},
  ): Finding => ({ found: check('platform', 'fail', reason, detail), standing })
  if (info.tee !== tee)
    return fail('platform-mismatch', `the TCB info is for ${info.tee.toUpperCase()}, and not for this`)
  if (info.fmspc !== pck.fmspc || info.pceid !== pck.pceid)
    return fail(
      'platform-mismatch',
      `the TCB info is for platforms ${info.fmspc}, PCE ${info.pceid}; this one is ${pck.fmspc}, PCE ${pck.pceid}`,
    )
  const teeTcbSvn = body.kind === 'td' ? body.teeTcbSvn : undefined
  const level = findLevel(info, pck, teeTcbSvn)
  if (level === undefined)
    return fail('no-matching-tcb-level', 'it is below every level that Intel lists for this platform')
  if (teeTcbSvn === undefined) return judged({ level }, level.status, accepted)
  const { id, module, isvsvn } = findModule(info, teeTcbSvn)
  if (isvsvn === undefined) return judged({ level }, level.status, accepted)
  const own = module && findIsvLevel(module.levels, isvsvn)
  if (own === undefined)
    return fail('no-matching-tcb-level', `Intel lists no level for its TDX module, ${id} at SVN ${isvsvn}`, {
      level,
    })
  return judged({ level, module: own }, converge(level.status, own.status), accepted)
}

function judged(standing: Standing, status: TcbStatus, accepted: readonly TcbStatus[]): Finding {
  const { advisories, date } = summaryOf(standing)
  const detail = `Intel: ${status}, as of its TCB of ${date.slice(0, 10)}${
    advisories.length === 0 ? '' : `; ${advisories.length} advisories`
  }`
  if (status === 'Revoked') return { found: check('platform', 'fail', 'platform-revoked', detail), standing }
  if (accepted.includes(status))
    return { found: check('platform', 'pass', 'platform-accepted', detail), standing }
  const old = status === 'OutOfDate' || status === 'OutOfDateConfigurationNeeded'
  const reason = old ? 'platform-out-of-date' : 'platform-needs-configuration'
  return { found: check('platform', 'fail', reason, detail), standing }
}

/** The parts in one: the worst status, the oldest date, all advisories. */
export function summaryOf({ level, module, qe }: Standing): {
  status?: TcbStatus
  date: string
  advisories: string[]
} {
  const parts = [level, module, qe].filter(one => one !== undefined)
  let status = level?.status
  for (const part of [module, qe]) if (status && part) status = converge(status, part.status)
  return {
    ...(status && { status }),
    date: parts.map(({ date }) => date).sort()[0] ?? '',
    advisories: [...new Set(parts.flatMap(({ advisories }) => advisories))],
  }
}

/** Whether the quoting enclave is Intel's, and current. */
export function checkQe(
  tee: Tee,
  report: EnclaveReport,
  identity: QeIdentity,
  accepted: readonly TcbStatus[],
): Finding {
  const mismatch = (detail: string): Finding => ({
    found: check('identity', 'fail', 'identity-mismatch', detail),
    standing: {},
  })
  if (identity.tee !== tee)
    return mismatch(`the identity is of the quoting enclave for ${identity.tee.toUpperCase()}`)
  // Whatever the mask says: such an enclave gives its key to whoever looks.
  if (isDebugEnclave(report)) return mismatch('the quoting enclave can be looked into')
  if (report.mrsigner !== identity.mrsigner) return mismatch('the quoting enclave has another signer')
  if (report.isvprodid !== identity.isvprodid) return mismatch('the quoting enclave is another product')
  if (!matches(report.miscSelect, identity.miscSelect, identity.miscMask))
    return mismatch('the quoting enclave has other features (MISCSELECT)')
  if (!matches(report.attributes, identity.attributes, identity.attributesMask))
    return mismatch('the quoting enclave has other attributes')
  const qe = findIsvLevel(identity.levels, report.isvsvn)
  if (qe === undefined)
    return {
      found: check(
        'identity',
        'fail',
        'identity-out-of-date',
        `the quoting enclave’s SVN, ${report.isvsvn}, is below all`,
      ),
      standing: {},
    }
  const detail = `the quoting enclave is Intel’s, SVN ${report.isvsvn}: ${qe.status}`
  if (qe.status === 'Revoked')
    return { found: check('identity', 'fail', 'identity-revoked', detail), standing: { qe } }
  if (qe.status !== 'UpToDate' && !accepted.includes(qe.status))
    return { found: check('identity', 'fail', 'identity-out-of-date', detail), standing: { qe } }
  return { found: check('identity', 'pass', 'identity-accepted', detail), standing: { qe } }
}

/** What is wrong with a trust domain's module; undefined where nothing is. */
export function moduleMismatch(td: TdReport, info: TcbInfo): string | undefined {
  const { id, module } = findModule(info, td.teeTcbSvn)
  if (module === undefined) return `Intel lists no TDX module ${id} for this platform`
  return moduleDiffers(td, module)
}

function moduleDiffers(
  { mrsignerseam, seamAttributes }: TdReport,
  module: ModuleIdentity,
): string | undefined {
  if (mrsignerseam !== module.mrsigner) return 'the TDX module has another signer'
  if (!matches(seamAttributes, module.attributes, module.mask) || seamAttributes.some(byte => byte !== 0))
    return 'the TDX module has other attributes than one in production'
  return undefined
}

/** Whether bytes are, where the mask has ones, as they should be. All of one length. */
function matches(bytes: Uint8Array, wanted: string, mask: string): boolean {
  return bytes.every((byte, i) => {
    const at = (text: string): number => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
    return ((byte ^ at(wanted)) & at(mask)) === 0
  })
}

/** The findings, for showing. */
export function factsOf(standing: Standing, pck: Pck | undefined): JsonObject {
  const { status, date, advisories } = summaryOf(standing)
  return {
    ...(pck && {
      fmspc: pck.fmspc,
      pceid: pck.pceid,
      pcesvn: pck.pcesvn,
      sgxTcbSvn: toHex(Uint8Array.from(pck.components)),
    }),
    ...(status && { tcbStatus: status, tcbDate: date, advisoryIDs: advisories }),
  }
}
