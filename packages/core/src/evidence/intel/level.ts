/**
 * Which TCB level a platform is at, and what that comes to with its TDX module and its quoting enclave ("Intel PCS API",
 * version 4, Get TCB Info, "Enhanced TCB status"). SVNs are compared component by component: a platform that is ahead in one and
 * behind in another is behind.
 */
import type { TcbStatus } from '../policy.ts'
import type { Pck } from './pck.ts'
import type { IsvLevel, ModuleIdentity, TcbInfo, TcbLevel } from './tcb.ts'

/** The first level that the platform reaches in every component. */
export function findLevel(info: TcbInfo, pck: Pck, teeTcbSvn?: Uint8Array): TcbLevel | undefined {
  return info.levels.find(
    ({ sgx, pcesvn, tdx }) =>
      reaches(pck.components, sgx, 0) &&
      pck.pcesvn >= pcesvn &&
      // The first two are the module's; where it has a major version, its own identity judges them.
      (teeTcbSvn === undefined || (tdx !== undefined && reaches(teeTcbSvn, tdx, teeTcbSvn[1]! > 0 ? 2 : 0))),
  )
}

function reaches(has: ArrayLike<number>, asked: ArrayLike<number>, from: number): boolean {
  for (let i = from; i < asked.length; i++) if (!(has[i]! >= asked[i]!)) return false
  return true
}

/** The first level of an enclave or of a module that its SVN reaches. */
export function findIsvLevel(levels: readonly IsvLevel[], isvsvn: number): IsvLevel | undefined {
  return levels.find(level => isvsvn >= level.isvsvn)
}

/** The module that a trust domain's SVNs name: its major version is the second, the first is its SVN. */
export function findModule(
  info: TcbInfo,
  teeTcbSvn: Uint8Array,
): { id: string; module?: ModuleIdentity; isvsvn?: number } {
  const [isvsvn, major] = teeTcbSvn as unknown as [number, number]
  const id = `TDX_${major.toString(16).padStart(2, '0').toUpperCase()}`
  const module = major === 0 ? info.module : info.modules.get(id)
  return { id, ...(module && { module }), ...(major > 0 && { isvsvn }) }
}

/** A platform's status once a part of it, that can only be current, out of date or revoked, is taken along. */
export function converge(status: TcbStatus, part: TcbStatus): TcbStatus {
  if (status === 'Revoked' || part === 'Revoked') return 'Revoked'
  if (part === 'UpToDate') return status
  if (status === 'UpToDate' || status === 'SWHardeningNeeded') return 'OutOfDate'
  if (status === 'ConfigurationNeeded' || status === 'ConfigurationAndSWHardeningNeeded')
    return 'OutOfDateConfigurationNeeded'
  return status
}
